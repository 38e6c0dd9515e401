/**
 * A copy of the library that runs on the machine of machine.ts, as it is or with something changed.
 *
 * @module
 */

import type * as BroadcastReceiver from "../../../src/channel/broadcast/receiver.ts";
import type * as BroadcastSender from "../../../src/channel/broadcast/sender.ts";
import type * as WakeEvents from "../../../src/channel/peer/wake_events.ts";
import type * as LatestHeader from "../../../src/channel/latest/layout.ts";
import type * as LatestPublisher from "../../../src/channel/latest/publisher.ts";
import type * as LatestReader from "../../../src/channel/latest/reader.ts";
import type * as Receiver from "../../../src/channel/ring/receiver.ts";
import type * as Sender from "../../../src/channel/ring/sender.ts";
import type * as Events from "../../../src/sync/event.ts";

/** What is used of it. */
export interface Library {
  readonly openRingSender: typeof Sender.openSender;
  readonly openRingReceiver: typeof Receiver.openReceiver;
  readonly openBroadcastSender: typeof BroadcastSender.openSender;
  readonly openBroadcastReceiver: typeof BroadcastReceiver.openReceiver;
  readonly LatestPublisher: typeof LatestPublisher.LatestPublisher;
  readonly LatestReader: typeof LatestReader.LatestReader;
  /** The parts of a latest value's memory. */
  readonly latestParts: typeof LatestHeader.partsOf;
  readonly WakeEvents: typeof WakeEvents.WakeEvents;
  /** How many words wake events take. */
  readonly wakeWords: number;
  /** An event that all processes have. */
  event(handle: bigint): Events.SharedEvent;
  /** Has its modules be as they are when they have just been loaded. */
  reset(): void;
  /** What its modules have. */
  state(): unknown;
  /** Whether no end has something to publish at the end of the event loop's turn. */
  readonly isIdle: boolean;
}

/** A change of one place in a file. */
export interface Change {
  /** The file, from the project's folder. */
  readonly file: string;
  /** What is there, once. */
  readonly from: string;
  /** What is to be there. */
  readonly to: string;
}

const ROOT = new URL("../../../", import.meta.url);
const MACHINE = new URL("./machine.ts", import.meta.url).href;
const ENTRIES = {
  sender: "src/channel/ring/sender.ts",
  receiver: "src/channel/ring/receiver.ts",
  broadcastSender: "src/channel/broadcast/sender.ts",
  broadcastReceiver: "src/channel/broadcast/receiver.ts",
  latestHeader: "src/channel/latest/layout.ts",
  latestPublisher: "src/channel/latest/publisher.ts",
  latestReader: "src/channel/latest/reader.ts",
  wakeEvents: "src/channel/peer/wake_events.ts",
  events: "src/sync/mod.ts",
};
/** What files have of Deno that is a step of theirs. */
const GLOBALS = [
  "Deno",
  "FinalizationRegistry",
  "clearTimeout",
  "navigator",
  "performance",
  "setImmediate",
  "setTimeout",
];
/** What there is so much of in the library that it would be all that there is to see. */
const FEWER: readonly Change[] = [
  // Looks at another sender's turn.
  {
    file: "src/channel/ring/many/producer_lock.ts",
    from: "const LOOKS = 256;",
    to: "const LOOKS = 1;",
  },
  // Places of senders.
  {
    file: "src/channel/ring/layout.ts",
    from: "export const MAX_SENDERS = 64;",
    to: "export const MAX_SENDERS = 2;",
  },
  // Words of wake events.
  {
    file: "src/channel/peer/wake_events.ts",
    from: "export const MAX_WAITING = 64;",
    to: "export const MAX_WAITING = 32;",
  },
];

/** Files that are others in the copy. */
const STAND_INS: Readonly<Record<string, string>> = {
  "ffi/win32/kernel32.ts": `export { kernel32 } from "${MACHINE}";`,
  "ffi/platform.ts":
    `export { interruptTime, inWorker } from "${MACHINE}"; export const UNITS_PER_MILLISECOND = 10_000; export function requireHost() {}`,
  "ffi/process_thread.ts": `export { currentThread, startOf } from "${MACHINE}";`,
  "ffi/object_wait.ts":
    `export { blockOn } from "${MACHINE}"; export const INFINITE = 0xffff_ffff;`,
  "src/channel/peer/owner_watch.ts": `export { OwnerWatch } from "${MACHINE}";`,
  "src/sync/mod.ts": `
    import { Handle } from "../../ffi/handle.ts";
    import { setEvent } from "../../ffi/kernel_object.ts";
    import { WaitableObject } from "./waitable_object.ts";
    import { Deno, holdEvent, waitForEvent } from "${MACHINE}";
    export class SharedEvent extends WaitableObject {
      static create(name) {
        const value = holdEvent("create", name);
        if (value === undefined) throw new Deno.errors.AlreadyExists();
        return new SharedEvent(value);
      }
      static open(name) {
        const value = holdEvent("open", name);
        if (value === undefined) throw new Deno.errors.NotFound();
        return new SharedEvent(value);
      }
      #handle;
      constructor(value) {
        const handle = new Handle(value, "event");
        super(handle);
        this.#handle = handle;
      }
      set() {
        setEvent(this.#handle);
      }
      async wait({ timeout = Infinity } = {}) {
        if (!await waitForEvent(this.unsafeHandle, timeout)) throw new Deno.errors.TimedOut();
      }
    }`,
};

/**
 * Makes a copy and loads it.
 *
 * @param changes What is to be changed in it.
 * @throws {Error} If what is to be changed is not there.
 */
export async function loadCopy(...changes: Change[]): Promise<Library> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    const copies = new Map<string, string>();
    const all = [...FEWER, ...changes];
    for (const file of Object.values(ENTRIES)) await copy(file, all, copies);
    for (const { file } of all) {
      if (!copies.has(file)) throw new Error(`Nobody imports ${file}`);
    }
    for (const [file, text] of copies) {
      const path = `${folder}/${file}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    const url = (file: string) =>
      `file:///${folder.replaceAll("\\", "/").replace(/^\//, "")}/${file}`;
    const sender: typeof Sender = await import(url(ENTRIES.sender));
    const receiver: typeof Receiver = await import(url(ENTRIES.receiver));
    const broadcastSender: typeof BroadcastSender = await import(url(ENTRIES.broadcastSender));
    const broadcastReceiver: typeof BroadcastReceiver = await import(
      url(ENTRIES.broadcastReceiver)
    );
    const latestHeader: typeof LatestHeader = await import(url(ENTRIES.latestHeader));
    const latestPublisher: typeof LatestPublisher = await import(url(ENTRIES.latestPublisher));
    const latestReader: typeof LatestReader = await import(url(ENTRIES.latestReader));
    const wakeEvents: typeof WakeEvents = await import(url(ENTRIES.wakeEvents));
    const { SharedEvent } = await import(url("src/sync/mod.ts"));
    const { stateOfModule } = await import(url("src/channel/peer/flush_queue.ts"));
    const queue = (): unknown[] => stateOfModule()[0];
    const resets: (() => void)[] = [];
    const states: (() => unknown)[] = [];
    for (const file of copies.keys()) {
      const { resetModule, stateOfModule } = await import(url(file));
      if (resetModule === undefined) continue;
      resets.push(resetModule);
      states.push(stateOfModule);
    }
    return {
      openRingSender: sender.openSender,
      openRingReceiver: receiver.openReceiver,
      openBroadcastSender: broadcastSender.openSender,
      openBroadcastReceiver: broadcastReceiver.openReceiver,
      LatestPublisher: latestPublisher.LatestPublisher,
      LatestReader: latestReader.LatestReader,
      latestParts: latestHeader.partsOf,
      WakeEvents: wakeEvents.WakeEvents,
      wakeWords: wakeEvents.WAKE_WORDS,
      event: (handle) => new SharedEvent(handle),
      reset: () => resets.forEach((reset) => reset()),
      state: () => states.map((state) => state()),
      get isIdle() {
        return queue().length === 0;
      },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Copies a file, and all that it imports. */
async function copy(file: string, changes: Change[], copies: Map<string, string>): Promise<void> {
  if (copies.has(file)) return;
  let text = STAND_INS[file];
  if (text === undefined) {
    text = await Deno.readTextFile(new URL(file, ROOT));
    for (const change of changes) {
      if (change.file === file) text = replaceOnce(text, change);
    }
    text = withMachine(text);
  }
  copies.set(file, text);
  for (
    const [statement, specifier] of text.matchAll(/^\s*(?:im|ex)port [^;]*?from "(\.[^"]+)";/gm)
  ) {
    if (/^\s*(?:im|ex)port type /.test(statement)) continue;
    await copy(
      new URL(specifier!, new URL(file, ROOT)).href.slice(ROOT.href.length),
      changes,
      copies,
    );
  }
}

function replaceOnce(text: string, { file, from, to }: Change): string {
  if (text.split(from).length !== 2) throw new Error(`${file} has not once: ${from}`);
  return text.replace(from, () => to);
}

/** Has a file use the machine, keep nothing private, and be able to become as it was at first. */
function withMachine(text: string): string {
  const used = GLOBALS.filter((name) => text.includes(name));
  const variables = [...text.matchAll(/^let (\w+)(?:: [^=]+)? = (.+);$/gm)];
  const names = variables.map(([_, name]) => name);
  return [
    `import { ${used.join(", ")} } from "${MACHINE}";`,
    text.replace(/^import \{ setImmediate \} from "node:timers";$/m, "").replaceAll("#", "_"),
    `export function stateOfModule() { return [${names.join(", ")}]; }`,
    `export function resetModule() { ${
      variables.map(([_, name, value]) => `${name} = ${value};`).join(" ")
    } }`,
  ].join("\n");
}

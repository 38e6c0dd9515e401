/**
 * Tries each way to share data once, for `winipc doctor`.
 *
 * @module
 */

import { messageOf } from "../command_line/failure.ts";
import { openEnds, WAY_TEXTS } from "./ways.ts";
import { type WayName, WAYS } from "./way_names.ts";
import { SharedEvent, SharedMutex, SharedSemaphore } from "../../sync/mod.ts";
import { SharedMemory } from "../../memory/mod.ts";
import { spawn } from "../../process/mod.ts";

/** A way that can be tried. */
export interface Try {
  readonly name: string;
  /** What is tried, in a few words. */
  readonly text: string;
  /** Whether each machine is expected to have it. */
  readonly expected: boolean;
  /** What to do if it does not work. */
  readonly advice: string;
  /** Tries it. It throws if it does not work. */
  readonly run: (name: string, signal: AbortSignal) => Promise<void> | void;
}

/** Time limit for one way, in milliseconds. Wine's first window takes some seconds. */
const PATIENCE = 20_000;

/** Length of the message that is passed, in bytes. */
const LENGTH = 16;

const ADVICE: Readonly<Record<WayName, string>> = {
  memory: "check with your administrator whether named objects are restricted for this program",
  ring: "see the reason at memory and event",
  broadcast: "see the reason at memory and event",
  latest: "see the reason at memory and mutex",
  pipe: "check whether security software blocks named pipes",
  mailslot: "Windows can do without mailslots: use a pipe instead",
  window: "a service has no desktop for windows: run in the session of a user, or use a pipe",
};

/** All ways, in the order in which they are tried. */
export const TRIES: readonly Try[] = [
  ...WAYS.map((way): Try => ({
    name: way,
    text: WAY_TEXTS[way],
    expected: true,
    advice: ADVICE[way],
    run: (name, signal) => passOnce(way, name, signal),
  })),
  {
    name: "event",
    text: "SharedEvent",
    expected: true,
    advice: ADVICE.memory,
    async run(name, signal) {
      using event = SharedEvent.create(name);
      using same = SharedEvent.open(name);
      event.set();
      await same.wait({ signal });
    },
  },
  {
    name: "mutex",
    text: "SharedMutex",
    expected: true,
    advice: ADVICE.memory,
    async run(name, signal) {
      using mutex = SharedMutex.create(name);
      using _lock = await mutex.lock({ signal });
    },
  },
  {
    name: "semaphore",
    text: "SharedSemaphore",
    expected: true,
    advice: ADVICE.memory,
    async run(name, signal) {
      using semaphore = SharedSemaphore.create(name);
      using same = SharedSemaphore.open(name);
      semaphore.release();
      await same.wait({ signal });
    },
  },
  {
    name: "child",
    text: "spawn() of cmd.exe",
    expected: true,
    advice: "check whether security software blocks programs that Deno starts",
    async run(_name, signal) {
      const options = { stdin: "null", stdout: "null", stderr: "null", signal } as const;
      await using child = spawn("cmd.exe", { args: ["/d", "/c", "exit 3"], ...options });
      const { code } = await child.status;
      if (code !== 3) throw new Error(`cmd.exe ended with ${code} instead of 3`);
    },
  },
  {
    name: "global",
    text: "SharedMemory for all sessions",
    // Only administrators and services have SeCreateGlobalPrivilege.
    expected: false,
    advice: "only to create memory for all sessions: run as an administrator or as a service, " +
      "or let such a process create it",
    run(name) {
      SharedMemory.create(`Global\\${name}`, 4096).close();
    },
  },
];

async function passOnce(way: WayName, name: string, signal: AbortSignal): Promise<void> {
  await using ends = await openEnds(way, name, LENGTH, signal);
  const sent = crypto.getRandomValues(new Uint8Array(LENGTH));
  const received = await ends.pass(sent);
  if (received.length !== LENGTH || sent.some((byte, index) => byte !== received[index])) {
    throw new Deno.errors.InvalidData(`Sent ${sent.toHex()}, but received ${received.toHex()}`);
  }
}

/** The result of a try. */
export interface Tried {
  readonly name: string;
  readonly ok: boolean;
  readonly expected: boolean;
  readonly milliseconds: number;
  readonly reason?: string;
  readonly advice?: string;
}

/**
 * Tries a way once.
 *
 * @param signal Aborts the try, and with it the command.
 * @param patience Time limit in milliseconds.
 */
export async function tryOnce(
  way: Try,
  signal: AbortSignal,
  patience: number = PATIENCE,
): Promise<Tried> {
  const { name, expected, advice } = way;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  // The signal ends the waits. The promise ends this try even if one of them does not obey.
  const late = Promise.withResolvers<never>();
  limit.addEventListener("abort", () => late.reject(limit.reason), { once: true });
  const start = performance.now();
  const result = (reason?: string): Tried => ({
    name,
    ok: reason === undefined,
    expected,
    milliseconds: Math.round((performance.now() - start) * 1000) / 1000,
    ...(reason === undefined ? {} : { reason, advice }),
  });
  try {
    const running = Promise.resolve(way.run(`winipc-doctor-${crypto.randomUUID()}`, limit));
    await Promise.race([running, late.promise]);
    return result();
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return result(`It did not work within ${patience} ms`);
    return result(messageOf(error));
  }
}

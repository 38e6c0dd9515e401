/**
 * The kinds of links, each with another process (or a Worker) that sends values back.
 *
 * @module
 */

import { listenRing, RingChannel } from "../../../src/channel/mod.ts";
import { listenPipe } from "../../../src/pipe/mod.ts";
import { spawn } from "../../../src/process/mod.ts";
import type { MessageLink } from "../../../src/rpc/link.ts";
import { childLink } from "../../../src/rpc/links/child.ts";
import { listenWindow } from "../../../src/rpc/links/listen_window.ts";
import { pipeLink } from "../../../src/rpc/links/pipe.ts";
import { channelLink, ringLink } from "../../../src/rpc/links/ring.ts";
import { workerLink } from "../../../src/rpc/links/worker.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

/** The maximum length of a value that both ends agree on, in bytes. */
export const MAX_LENGTH = 2 ** 21;

/** A link to another process or Worker. */
export interface Linked extends AsyncDisposable {
  readonly link: MessageLink;
  /** Ends the other process or Worker at once. */
  kill(): void;
  /** Waits until the other process has ended, and returns its exit code. */
  gone(): Promise<number>;
  /** Ends a Worker in its own way. */
  end?(how: "throw" | "close"): void;
}

/** A kind of link. */
export interface Kind {
  readonly name: string;
  /** Whether a full transport makes `send()` wait. */
  readonly waits: boolean;
  /** Whether the link has a maximum length. */
  readonly isLimited: boolean;
  /** Whether the link has most of its code from the one before. The task tests such links. */
  readonly isVariant?: boolean;
  readonly open: (script?: string) => Promise<Linked>;
}

/** Starts the script of the other end. */
function start(script: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: argsOf(script, ...args),
    stdin: "null",
    stdout: "inherit",
  }).spawn();
}

function argsOf(script: string, ...args: string[]): string[] {
  const url = peerUrl(`rpc/links/peers/${script}`).href;
  return ["run", "--no-check", "--no-prompt", "--allow-ffi", url, ...args];
}

/** Joins a link and the process at its other end. */
export function linked(
  link: MessageLink,
  child: { kill(signal?: "SIGKILL"): void; status: Promise<{ code: number }> },
  stack = new AsyncDisposableStack(),
): Linked {
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // The process has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  return {
    link,
    kill,
    gone: async () => (await child.status).code,
    async [Symbol.asyncDispose]() {
      await using _stack = stack;
      kill();
      await child.status;
      await link[Symbol.asyncDispose]();
    },
  };
}

async function openRing(script = "end.ts"): Promise<Linked> {
  const name = randomName();
  using listener = listenRing(name, { capacity: 4 * MAX_LENGTH, maxMessageLength: MAX_LENGTH });
  const child = start(script, "ring", name);
  return linked(ringLink(await listener.accept(soon)), child);
}

async function openPipe(mode: "bytes" | "messages", script = "end.ts"): Promise<Linked> {
  const name = randomName();
  using listener = listenPipe({ name, mode });
  const child = start(script, `pipe of ${mode}`, name);
  const options = { maxMessageLength: MAX_LENGTH };
  return linked(pipeLink(await listener.accept(soon), options), child);
}

async function openChannels(script = "end.ts"): Promise<Linked> {
  const name = randomName();
  const stack = new AsyncDisposableStack();
  const options = { capacity: 4 * MAX_LENGTH, maxMessageLength: MAX_LENGTH };
  const [to, from] = ["a", "b"].map((end) =>
    stack.use(RingChannel.create(`${name}.${end}`, options))
  );
  const ends = { sender: to!.sender(), receiver: from!.receiver() };
  return await Promise.resolve(linked(channelLink(ends), start(script, "channels", name), stack));
}

async function openWindows(script = "end.ts"): Promise<Linked> {
  const name = randomName();
  await using listener = await listenWindow({ class: name, maxMessageLength: MAX_LENGTH });
  const child = start(script, "windows", name);
  return linked(await listener.accept(soon), child);
}

async function openSpawned(script = "end.ts"): Promise<Linked> {
  const child = spawn(Deno.execPath(), {
    args: argsOf(script, "streams", ""),
    stdin: "piped",
    stdout: "piped",
  });
  const stack = new AsyncDisposableStack();
  stack.use(child);
  return await Promise.resolve(
    linked(childLink(child, { maxMessageLength: MAX_LENGTH }), child, stack),
  );
}

async function openCommand(script = "end.ts"): Promise<Linked> {
  const child = new Deno.Command(Deno.execPath(), {
    args: argsOf(script, "streams", ""),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  return await Promise.resolve(linked(childLink(child, { maxMessageLength: MAX_LENGTH }), child));
}

async function openWorker(script = "worker_end.ts"): Promise<Linked> {
  const worker = new Worker(peerUrl(`rpc/links/peers/${script}`), { type: "module" });
  const link = workerLink(worker);
  return await Promise.resolve({
    link,
    kill: () => worker.terminate(),
    gone: () => Promise.resolve(0),
    end: (how: "throw" | "close") => worker.postMessage(how),
    async [Symbol.asyncDispose]() {
      worker.terminate();
      await link[Symbol.asyncDispose]();
    },
  });
}

/** All kinds of links. */
export const KINDS: readonly Kind[] = [
  { name: "rings", waits: true, isLimited: true, open: openRing },
  { name: "channels", waits: true, isLimited: true, isVariant: true, open: openChannels },
  {
    name: "a pipe of messages",
    waits: true,
    isLimited: true,
    open: (script) => openPipe("messages", script),
  },
  {
    name: "a pipe of bytes",
    waits: true,
    isLimited: true,
    isVariant: true,
    open: (script) => openPipe("bytes", script),
  },
  { name: "the streams of spawn()", waits: true, isLimited: true, open: openSpawned },
  {
    name: "the streams of Deno.Command",
    waits: true,
    isLimited: true,
    isVariant: true,
    open: openCommand,
  },
  { name: "windows", waits: true, isLimited: true, open: openWindows },
  { name: "a Worker", waits: false, isLimited: false, open: openWorker },
];

/**
 * The ways to share data, each with both ends in this process.
 *
 * @module
 */

import { BroadcastRing, LatestValue, RingChannel } from "../../channel/mod.ts";
import { CopyDataListener, sendCopyData } from "../../messages/mod.ts";
import { SharedMemory } from "../../memory/mod.ts";
import { connectPipe, listenPipe, Mailslot, openMailslot } from "../../pipe/mod.ts";
import { bytes, struct } from "../../struct/mod.ts";
import { SharedEvent } from "../../sync/mod.ts";
import type { WayName } from "./way_names.ts";

/** Both ends of a way. */
export interface Ends extends AsyncDisposable {
  /**
   * Sends a message from one end, and receives it at the other end.
   *
   * @returns The received message, which can be a view of shared memory.
   */
  pass(message: Uint8Array<ArrayBuffer>): Uint8Array | Promise<Uint8Array>;
}

/** What each way is made of, for people. */
export const WAY_TEXTS: Readonly<Record<WayName, string>> = {
  memory: "SharedMemory and a SharedEvent",
  ring: "RingChannel",
  broadcast: "BroadcastRing",
  latest: "LatestValue",
  pipe: "a named pipe with messages",
  mailslot: "Mailslot",
  window: "WM_COPYDATA to a window",
};

/**
 * Opens both ends of a way under a name.
 *
 * @param byteLength The length of the messages in bytes.
 * @param signal Aborts waiting for the other end.
 */
export function openEnds(
  way: WayName,
  name: string,
  byteLength: number,
  signal: AbortSignal,
): Promise<Ends> {
  return OPENERS[way](name, byteLength, signal);
}

type Opener = (name: string, byteLength: number, signal: AbortSignal) => Promise<Ends>;

const OPENERS: Readonly<Record<WayName, Opener>> = {
  async memory(name, byteLength) {
    await using stack = new AsyncDisposableStack();
    const near = stack.use(stack.use(SharedMemory.create(name, byteLength)).map());
    const far = stack.use(stack.use(SharedMemory.open(name)).map());
    const written = stack.use(SharedEvent.create(`${name}-written`));
    const seen = stack.use(SharedEvent.open(`${name}-written`));
    return endsOf(stack.move(), (message) => {
      near.bytes.set(message);
      written.set();
      seen.waitSync({ timeout: 0 });
      return far.bytes.subarray(0, byteLength);
    });
  },
  async ring(name, byteLength) {
    await using stack = new AsyncDisposableStack();
    const capacity = capacityFor(byteLength);
    const sender = stack.use(stack.use(RingChannel.create(name, { capacity })).sender());
    const receiver = stack.use(stack.use(RingChannel.open(name)).receiver());
    return endsOf(stack.move(), (message) => {
      sender.trySend(message);
      return arrived(receiver.tryReceive());
    });
  },
  async broadcast(name, byteLength) {
    await using stack = new AsyncDisposableStack();
    const capacity = capacityFor(byteLength);
    const sender = stack.use(stack.use(BroadcastRing.create(name, { capacity })).sender());
    const receiver = stack.use(stack.use(BroadcastRing.open(name)).receiver());
    return endsOf(stack.move(), (message) => {
      sender.send(message);
      return arrived(receiver.tryReceive()?.bytes);
    });
  },
  async latest(name, byteLength) {
    await using stack = new AsyncDisposableStack();
    const layout = struct({ data: bytes(byteLength) });
    const writer = stack.use(stack.use(LatestValue.create(name, layout)).writer());
    const reader = stack.use(stack.use(LatestValue.open(name, layout)).reader());
    return endsOf(stack.move(), (data) => {
      writer.write({ data });
      return arrived(reader.read()?.data);
    });
  },
  async pipe(name, _byteLength, signal) {
    await using stack = new AsyncDisposableStack();
    const listener = stack.use(listenPipe({ name, mode: "messages", maxConnections: 1 }));
    const [server, client] = await Promise.all([
      listener.accept({ signal }),
      connectPipe(name, { mode: "messages", signal }),
    ]);
    stack.use(client);
    stack.use(server);
    return endsOf(stack.move(), async (message) => {
      const [received] = await Promise.all([
        server.readMessage({ signal }),
        client.write(message, { signal }),
      ]);
      return arrived(received ?? undefined);
    });
  },
  async mailslot(name) {
    await using stack = new AsyncDisposableStack();
    const mailslot = stack.use(Mailslot.create(name));
    const sender = stack.use(openMailslot(name));
    return endsOf(stack.move(), (message) => {
      sender.send(message);
      return arrived(mailslot.tryReceive());
    });
  },
  async window(name, _byteLength, signal) {
    await using stack = new AsyncDisposableStack();
    const listener = stack.use(await CopyDataListener.open({ class: name, answer: 1 }));
    return endsOf(stack.move(), async (message) => {
      const answer = await sendCopyData(listener.handle, message, { signal });
      if (answer !== 1n) {
        // See docs/messages.md: Wine puts the bytes on a stack.
        throw new Deno.errors.InvalidData(
          `The window did not take a message of ${message.length} bytes: send a shorter one`,
        );
      }
      return arrived((await listener.receive({ signal }))?.bytes);
    });
  },
};

function endsOf(stack: AsyncDisposableStack, pass: Ends["pass"]): Ends {
  return { pass, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** A power of two. The longest message of a broadcast ring has a quarter or an eighth of it. */
function capacityFor(byteLength: number): number {
  return 2 ** Math.max(16, Math.ceil(Math.log2(byteLength + 64)) + 3);
}

function arrived<T>(message: T | undefined): T {
  if (message === undefined) throw new Error("The message did not arrive at the other end");
  return message;
}

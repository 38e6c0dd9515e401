/**
 * Users of channels and the other products, who call all of their functions at random.
 *
 * @module
 */

import { assert } from "@std/assert";
import {
  type BroadcastReceiver,
  BroadcastRing,
  type BroadcastSender,
  type FrameReader,
  type FrameWriter,
  LatestFrame,
  LatestValue,
  type LatestWriter,
  RingChannel,
  type RingReceiver,
  type RingSender,
} from "../../../src/channel/mod.ts";
import { struct } from "../../../src/struct/mod.ts";
import type { Random } from "../../support/random.ts";

/** The capacity of the rings in bytes. */
export const CAPACITY = 1024;
/** Maximum number of messages in one read, far more than a ring can hold. */
const MOST = 1000;
const soon = { timeout: 1 };

/** The layout of the latest value. */
export const Value = struct({ first: "u32", second: "f64", third: "u8" });

/** The user of an object. */
export interface User extends Disposable {
  /** Calls one of the object's functions. */
  act(random: Random): unknown;
}

/** Opens a channel to use it. */
export function openRing(name: string): User {
  const channel = RingChannel.open(name);
  let [sender, receiver]: [RingSender?, RingReceiver?] = [];
  return {
    act: (random) => {
      if (random.below(2) === 0) {
        if (sender === undefined || sender.closed) sender = channel.sender();
        return send(sender, random);
      }
      if (receiver === undefined || receiver.closed) receiver = channel.receiver();
      return receive(receiver, random);
    },
    [Symbol.dispose]: () => channel.close(),
  };
}

function send(sender: RingSender, random: Random): unknown {
  const message = new Uint8Array(random.below(sender.maxMessageLength + 1));
  const { length } = message;
  // These are rare, because a wait in the event loop takes longer than the other calls.
  if (random.below(8) === 0) {
    const waits = [
      () => sender.send(message, soon),
      () => sender.waitForRoom(length, soon),
      () => sender.close(),
    ];
    return waits[random.below(waits.length)]!();
  }
  const acts = [
    () => sender.trySend(message),
    () => sender.sendSync(message, soon),
    () => sender.waitForRoomSync(length, soon),
    () => {
      using claim = sender.claim(length);
      claim?.bytes.fill(1);
      if (random.below(2) === 0) claim?.commit(length >> 1);
    },
    () => {
      const at = sender.claimAt(length);
      if (at >= 0) sender.ring.set(message, at);
      if (at >= 0) sender.commit();
    },
    () => sender.flush(),
  ];
  return acts[random.below(acts.length)]!();
}

function receive(receiver: RingReceiver, random: Random): unknown {
  if (random.below(8) === 0) {
    const waits = [
      () => receiver.receive(soon),
      () => receiver.receiveValue(soon),
      () => receiver.waitForMessage(soon),
      () => receiver.peek(soon),
      () => receiver.close(),
    ];
    return waits[random.below(waits.length)]!();
  }
  let count = 0;
  const acts = [
    () => receiver.tryReceive(),
    () => receiver.tryPeek(),
    () => receiver.peekSync(soon),
    () => receiver.release(random.below(receiver.unreleased + 1)),
    () => receiver.release(receiver.unreleased),
    () => receiver.receiveSync(soon),
    () => receiver.waitForMessageSync(soon),
    () => receiver.read((bytes) => assert(bytes.length <= CAPACITY / 2 && ++count < MOST)),
    () =>
      receiver.readAt((ring, offset, length) => {
        assert(offset >= 0 && length >= 0 && offset + length <= ring.length && ++count < MOST);
      }),
    () => receiver.ended,
    () => receiver.stats,
  ];
  return acts[random.below(acts.length)]!();
}

/** Opens a broadcast ring to use it. */
export function openBroadcast(name: string): User {
  const ring = BroadcastRing.open(name);
  let [sender, receiver]: [BroadcastSender?, BroadcastReceiver?] = [];
  return {
    act: (random) => {
      if (random.below(2) === 0) {
        sender ??= ring.sender();
        const length = random.below(sender.maxMessageLength + 1);
        const what = random.below(4);
        if (what > 1) sender.send(new Uint8Array(length));
        else sender.claimAt(length);
        if (what === 1) sender.commit(length >> 1);
        else sender.abort();
        return random.below(2) === 0 && sender.flush();
      }
      receiver ??= ring.receiver();
      if (random.below(8) === 0) return receiver.receive(soon);
      return random.below(2) === 0 ? receiver.receiveSync(soon) : receiver.tryReceive();
    },
    [Symbol.dispose]: () => ring.close(),
  };
}

/** Opens a latest value to use it. */
export function openLatest(name: string): User {
  const opened = LatestValue.open(name, Value);
  const value = opened.reader();
  const target = new Int32Array(8);
  let writer:
    | LatestWriter<{ readonly first: "u32"; readonly second: "f64"; readonly third: "u8" }>
    | undefined;
  return {
    act: async (random) => {
      const what = random.below(20);
      if (what > 15) {
        writer ??= opened.writer();
        return writer.write({ first: what });
      }
      if (what < 8) return value.read();
      if (what < 11) return value.writer;
      if (what < 15) return value.readInto(target);
      const changes = value.changes({ signal: AbortSignal.timeout(1) });
      try {
        return await changes.next();
      } finally {
        await changes.return();
      }
    },
    [Symbol.dispose]: () => {
      opened.close();
    },
  };
}

/** Opens a latest frame to use it. */
export function openFrames(name: string): User {
  const frames = LatestFrame.open(name);
  const { byteLength } = frames.settings;
  let [reader, writer]: [FrameReader?, FrameWriter?] = [];
  return {
    act: async (random) => {
      const what = random.below(20);
      if (what > 13) {
        writer ??= frames.writer();
        const bytes = writer.claim();
        assert(bytes === undefined || bytes.length === byteLength);
        if (what > 15) bytes?.fill(what);
        if (bytes === undefined) return writer.dropped;
        return writer.publish(what > 17 ? { what } : undefined, { length: random.below(65) });
      }
      if (reader === undefined || reader.closed) reader = frames.reader();
      if (what < 8) {
        using frame = reader.acquire();
        if (frame === undefined) return;
        assert(frame.bytes.length <= byteLength && frame.number > 0);
        return [frame.bytes.at(-1), what < 4 && frame.metadata];
      }
      if (what < 10) return reader.writer;
      if (what === 10) return reader.close();
      const changes = reader.changes({ signal: AbortSignal.timeout(1) });
      try {
        return (await changes.next()).value?.bytes[0];
      } finally {
        await changes.return();
      }
    },
    [Symbol.dispose]: () => frames.close(),
  };
}

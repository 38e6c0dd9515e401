/**
 * Sends numbered messages through a small ring, from senders in processes of their own.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { ReceivedMessages } from "./received_messages.ts";

const SMALL = { capacity: 1024, maxMessageLength: 200 };

/** A sending process. */
export interface Sender {
  /** The library function: `sendSync()` or `send()`. */
  mode: "sync" | "async";
  /** Number of messages to send. */
  count: number;
}

/**
 * Asserts that all messages of the senders arrive, whole and in order for each sender, and then the
 * end.
 *
 * @param senders One sender, or several that begin at the same time.
 * @param progress Gets the number of messages after each million.
 */
export async function stream(
  senders: readonly Sender[],
  progress: (count: number) => void = () => {},
): Promise<void> {
  const name = randomName();
  const producers = senders.length === 1 ? "single" : "multiple";
  using channel = RingChannel.create(name, { ...SMALL, producers });
  using receiver = channel.receiver();
  await using stack = new AsyncDisposableStack();
  for (const [id, { mode, count }] of senders.entries()) {
    stack.use(
      await Peer.start("channel/ring/peers/numbered_sender.ts", mode, name, `${id}`, `${count}`),
    );
  }
  // The ring has filled while the processes started.
  const received = new ReceivedMessages(SMALL.maxMessageLength);
  const take = (message: Uint8Array) => {
    received.take(message);
    if (received.total % 1_000_000 === 0) progress(received.total);
  };
  while (receiver.waitForMessageSync(soon)) receiver.read(take);
  assertEquals(senders.map((_, id) => received.of(id)), senders.map(({ count }) => count));
  assert(receiver.ended);
}

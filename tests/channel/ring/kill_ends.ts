/**
 * Kills ends of a channel at random moments, and has other ends take their places.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { RingChannel, type RingReceiver } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { ReceivedMessages } from "./received_messages.ts";
import { MAX_LENGTH, type OpenEnds, scripts } from "./short_lived_ends.ts";
import { NOTE, Notes } from "./notes.ts";
import { NumberedMessages, readNumbered } from "./numbered_messages.ts";
import { Random } from "../../support/random.ts";

/** Small, so that ends must wait; but large enough for pending messages. */
const SIZE = { capacity: 8192, maxMessageLength: MAX_LENGTH };
/** The id of the only sender. */
const ID = 1;
/** The id of the sender that is not killed, if there are several. */
const STEADY = 0;

/** How often ends are killed. */
export interface Kills {
  /** The seed of the random numbers. */
  seed: number;
  /** The minimum number of rounds. */
  rounds: number;
  /**
   * The minimum number of messages. A program ends itself after a time. On a busy machine it can
   * end before it has sent much, so that more rounds follow, up to ten times as many.
   *
   * @default 0
   */
  messages?: number;
  /**
   * The minimum number of ends that are killed between a message and the note about it, or of
   * messages that are delivered again. They are up to chance, so that more rounds follow, up to ten
   * times as many.
   *
   * @default 0
   */
  between?: number;
}

/** Whether one more round follows. */
function hasRound(
  round: number,
  { rounds, messages = 0, between = 0 }: Kills,
  passed: Killed,
): boolean {
  const isShort = passed.messages < messages || passed.between < between;
  return round < rounds || (isShort && round < 10 * rounds);
}

/** The result of the rounds. */
export interface Killed {
  /** Number of messages that were received or sent. */
  messages: number;
  /** Number of ends that were killed between a message and the note about it. */
  between: number;
}

/**
 * Kills the only sender again and again. All messages that a sender has noted must arrive, whole
 * and in order. One message more can arrive: the sender can be killed before it notes that message.
 * Then the receiver must throw ConnectionReset.
 */
export async function killSenders(openEnds: OpenEnds, kills: Kills): Promise<Killed> {
  const { seed } = kills;
  const name = randomName();
  using notes = Notes.create(name);
  using channel = RingChannel.create(name, SIZE);
  using receiver = channel.receiver();
  await using ends = await openEnds(name);
  const received = new ReceivedMessages(MAX_LENGTH);
  const random = new Random(seed);
  let between = 0;
  for (let round = 0; hasRound(round, kills, { messages: received.total, between }); round++) {
    const meanwhile = (passed: () => void) => {
      const take = (message: Uint8Array) => {
        received.take(message);
        passed();
      };
      const act = round % 8 < 4 ? readAll : receiveAll;
      return untilThrown(Deno.errors.ConnectionReset, () => act(receiver, take));
    };
    await ends.live({ role: "send", round, random, meanwhile });
    between += takeSent(notes, received.of(ID), `round ${round} of seed ${seed}`);
    notes.words[NOTE.next] = received.total;
  }
  return { messages: received.total, between };
}

/**
 * Kills the only receiver again and again. The sender must throw BrokenPipe. The next receiver must
 * continue after the last message that the dead receiver has noted, or after one message more.
 */
export async function killReceivers(openEnds: OpenEnds, kills: Kills): Promise<Killed> {
  const { seed } = kills;
  const name = randomName();
  using notes = Notes.create(name);
  using channel = RingChannel.create(name, SIZE);
  const sent = await sendToKilled("receive", openEnds, { ...kills, channel, notes, name });
  const rest = readRest(channel);
  const first = rest[0] ?? sent;
  const between = first - notes.words[NOTE.next]!;
  assert(between === 0 || between === 1, `${first} is first, seed ${seed}`);
  assertEquals(rest, Array.from({ length: sent - first }, (_, index) => first + index));
  return { messages: sent, between };
}

/**
 * Kills the only receiver again and again, which peeks at messages and releases them. Each receiver
 * must begin with the first message that was not released, and each message must have its number.
 *
 * @returns The number of messages, and of those that were delivered again.
 */
export async function killPeekers(
  openEnds: OpenEnds,
  kills: Kills,
): Promise<{ messages: number; repeats: number }> {
  const { seed } = kills;
  const name = randomName();
  using notes = Notes.create(name);
  using channel = RingChannel.create(name, SIZE);
  const sent = await sendToKilled("peek", openEnds, { ...kills, channel, notes, name });
  using receiver = channel.receiver();
  let next = notes.words[NOTE.next]!;
  for (let expected: number | undefined;;) {
    const peeked = receiver.peekSync(soon);
    if (peeked === undefined) break;
    const { message, number } = peeked;
    expected ??= number;
    assertEquals(number, expected++, `seed ${seed}`);
    assertEquals(readNumbered(message, MAX_LENGTH).number, number, `seed ${seed}`);
    assert(number >= notes.words[NOTE.released]! && number <= next, `${number}, seed ${seed}`);
    next = Math.max(next, number + 1);
    receiver.release(1);
  }
  assertEquals(next, sent, `seed ${seed}`);
  return { messages: sent, repeats: notes.words[NOTE.repeats]! };
}

/** Options of {@linkcode sendToKilled}. */
interface Sending extends Kills {
  name: string;
  channel: RingChannel;
  notes: Notes;
}

/** Sends to receivers that are killed, and closes the sender. Returns how many were sent. */
async function sendToKilled(
  role: "receive" | "peek",
  openEnds: OpenEnds,
  { name, channel, notes, seed, ...kills }: Sending,
): Promise<number> {
  using sender = channel.sender();
  await using ends = await openEnds(name);
  const messages = new NumberedMessages(ID, MAX_LENGTH);
  const random = new Random(seed);
  let sent = 0;
  const progress = () => ({ messages: sent, between: notes.words[NOTE.repeats]! });
  for (let round = 0; hasRound(round, { ...kills, seed }, progress()); round++) {
    const isAsync = round % 8 >= 4;
    const meanwhile = (passed: () => void) =>
      untilThrown(Deno.errors.BrokenPipe, async () => {
        for (;; sent++, passed()) {
          if (isAsync) await sender.send(messages.at(sent), soon);
          else sender.sendSync(messages.at(sent), soon);
        }
      });
    await ends.live({ role, round, random, meanwhile });
    assertEquals(notes.words[NOTE.mistakes], 0, `round ${round} of seed ${seed}`);
    assert(notes.words[NOTE.next]! <= sent, `round ${round} of seed ${seed}`);
  }
  return sent;
}

/**
 * Kills one of several senders again and again. Another sender must go on, and the messages of each
 * killed sender must arrive as in {@linkcode killSenders}.
 */
export async function killSendersOfMany(kills: Kills): Promise<Killed> {
  const { seed } = kills;
  const name = randomName();
  using notes = Notes.create(name);
  using channel = RingChannel.create(name, { ...SIZE, capacity: 1024, producers: "multiple" });
  using receiver = channel.receiver();
  await using ends = await scripts(name);
  const received = new ReceivedMessages(MAX_LENGTH);
  const random = new Random(seed);
  await using _steady = await Peer.start(
    "channel/ring/peers/numbered_sender.ts",
    "async",
    name,
    `${STEADY}`,
    "0",
  );
  let between = 0;
  for (let round = 0; hasRound(round, kills, { messages: received.total, between }); round++) {
    const id = round + 1;
    notes.words[NOTE.next] = 0;
    const meanwhile = (passed: () => boolean) => {
      for (let isKilled = false; !isKilled;) {
        receiver.waitForMessageSync(soon);
        receiver.read((message) => {
          if (received.take(message) === id) isKilled = passed();
        });
      }
      return Promise.resolve();
    };
    await ends.live({ role: "send", round, random, id, meanwhile });
    // The steady sender goes on: more messages arrive than the ring can hold.
    const goal = received.of(STEADY) + 100;
    while (received.of(STEADY) < goal) {
      receiver.waitForMessageSync(soon);
      receiver.read((message) => void received.take(message));
    }
    between += takeSent(notes, received.of(id), `round ${round} of seed ${seed}`);
  }
  return { messages: received.total, between };
}

/**
 * Returns how many messages arrived that their sender has not noted, and asserts that it is 0 or 1.
 */
function takeSent({ words }: Notes, received: number, when: string): number {
  const noted = words[NOTE.next]!;
  const more = received - noted;
  assert(more === 0 || more === 1, `${noted} noted, ${received} received in ${when}`);
  return more;
}

function readAll(receiver: RingReceiver, take: (message: Uint8Array) => void): void {
  while (receiver.waitForMessageSync(soon)) receiver.read(take);
}

async function receiveAll(
  receiver: RingReceiver,
  take: (message: Uint8Array) => void,
): Promise<void> {
  for (;;) {
    const message = await receiver.receive(soon);
    if (message === undefined) return;
    take(message);
  }
}

/** Runs a function, and asserts that it throws an error of a kind. */
async function untilThrown(
  kind: new (message: string) => Error,
  act: () => void | Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof kind) return;
    throw error;
  }
  throw new Error(`Expected ${kind.name}`);
}

/** Returns the numbers of the messages that are left after the sender was closed. */
function readRest(channel: RingChannel): number[] {
  using receiver = channel.receiver();
  const numbers: number[] = [];
  while (receiver.waitForMessageSync(soon)) {
    receiver.read((message) => numbers.push(readNumbered(message, MAX_LENGTH).number));
  }
  return numbers;
}

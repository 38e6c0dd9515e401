/**
 * Ends of a channel that are killed at random moments, and others that take their place.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { RingChannel, type RingReceiver } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { ReceivedMessages } from "./received_messages.ts";
import { MAX_LENGTH, type OpenEnds, scripts } from "./short_lived_ends.ts";
import { NOTE, Notes } from "./notes.ts";
import { NumberedMessages, readNumbered } from "./numbered_messages.ts";
import { Random } from "../../support/random.ts";

const soon = { timeout: 30_000 };
/** Small, so that ends have to wait; and so large that they have something that is not told yet. */
const SIZE = { capacity: 8192, maxMessageLength: MAX_LENGTH };
/** Who sends, where there is one sender. */
const ID = 1;
/** Who is not killed, where there are several. */
const STEADY = 0;

/** How many times to do it, and where the numbers that look random begin. */
export interface Kills {
  rounds: number;
  seed: number;
}

/** What came of it. */
export interface Killed {
  /** How many messages there were. */
  messages: number;
  /** How often an end was killed after it had sent something, and before it noted that. */
  between: number;
}

/**
 * Kills the only sender. All that each of them knows to be sent has to arrive, whole and in order, and
 * at most one message more, the one that it was at; and then ConnectionReset.
 */
export async function killSenders(openEnds: OpenEnds, { rounds, seed }: Kills): Promise<Killed> {
  const name = randomName();
  using notes = Notes.create(name);
  using channel = RingChannel.create(name, SIZE);
  using receiver = channel.receiver();
  await using ends = await openEnds(name);
  const received = new ReceivedMessages(MAX_LENGTH);
  const random = new Random(seed);
  let between = 0;
  for (let round = 0; round < rounds; round++) {
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
 * Kills the only receiver. Its sender is told so by BrokenPipe, and the next receiver goes on after the
 * last message that the one before has noted, or the one after that.
 */
export async function killReceivers(openEnds: OpenEnds, { rounds, seed }: Kills): Promise<Killed> {
  const name = randomName();
  using notes = Notes.create(name);
  using channel = RingChannel.create(name, SIZE);
  using sender = channel.sender();
  await using ends = await openEnds(name);
  const messages = new NumberedMessages(ID, MAX_LENGTH);
  const random = new Random(seed);
  let sent = 0;
  for (let round = 0; round < rounds; round++) {
    const isAsync = round % 8 >= 4;
    const meanwhile = (passed: () => void) =>
      untilThrown(Deno.errors.BrokenPipe, async () => {
        for (;; sent++, passed()) {
          if (isAsync) await sender.send(messages.at(sent), soon);
          else sender.sendSync(messages.at(sent), soon);
        }
      });
    await ends.live({ role: "receive", round, random, meanwhile });
    assertEquals(notes.words[NOTE.mistakes], 0, `round ${round} of seed ${seed}`);
    assert(notes.words[NOTE.next]! <= sent, `round ${round} of seed ${seed}`);
  }
  sender.close();
  const rest = readRest(channel);
  const first = rest[0] ?? sent;
  const between = first - notes.words[NOTE.next]!;
  assert(between === 0 || between === 1, `${first} is first, seed ${seed}`);
  assertEquals(rest, Array.from({ length: sent - first }, (_, index) => first + index));
  return { messages: sent, between };
}

/**
 * Kills one sender of several, while another one goes on sending: nobody is held up, and of each that
 * is killed all arrives as in {@linkcode killSenders}.
 */
export async function killSendersOfMany({ rounds, seed }: Kills): Promise<Killed> {
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
  for (let round = 0; round < rounds; round++) {
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
    // The steady one goes on, beyond what was in the ring.
    const goal = received.of(STEADY) + 100;
    while (received.of(STEADY) < goal) {
      receiver.waitForMessageSync(soon);
      receiver.read((message) => void received.take(message));
    }
    between += takeSent(notes, received.of(id), `round ${round} of seed ${seed}`);
  }
  return { messages: received.total, between };
}

/** How many messages came that their sender has not noted: none or one. */
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

/** Does something until it throws an error that it has to. */
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

/** The numbers of the messages that are left when the sender was closed. */
function readRest(channel: RingChannel): number[] {
  using receiver = channel.receiver();
  const numbers: number[] = [];
  while (receiver.waitForMessageSync(soon)) {
    receiver.read((message) => numbers.push(readNumbered(message, MAX_LENGTH).number));
  }
  return numbers;
}

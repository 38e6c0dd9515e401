/**
 * Writers that are killed at random moments while many readers sleep.
 *
 * @module
 */

import { BroadcastRing, LatestValue } from "../../../src/channel/mod.ts";
import { struct } from "../../../src/struct/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { Random } from "../../support/random.ts";

/** What is published: a number that grows. */
export const Numbered = struct({ number: "u32" });

/** What readers sleep for. */
export type SleepKind = "latest" | "broadcast";

/** What to do. */
export interface SleepOptions {
  /** What readers sleep for. */
  kind: SleepKind;
  /** How many writers are killed. */
  rounds: number;
  /** Where the numbers that look random begin. */
  seed: number;
}

/** How many readers there are. */
const READERS = 40;
/** The most that a writer lives once it is there, in milliseconds: it publishes some numbers. */
const MAX_LIFE = 60;
/** The most that a reader may sleep on, in milliseconds, on a busy machine. */
const SOON = 15_000;

/** Readers of one value or ring, in this process. */
interface Readers extends AsyncDisposable {
  /** The number that each of them saw last; 0 for none. */
  readonly seen: Uint32Array<ArrayBuffer>;
  /** Whether each of them has seen all there is of a writer that was killed. */
  areDone(): boolean;
  /** Has those who were told of a writer's death wait for the next one. */
  goOn(): void;
  /** Publishes a number, by a writer of this process. */
  publish(number: number): void;
}

/**
 * Kills writers, also as they come. After each all readers see the newest number, and after all of them what
 * the last writer publishes, which is not killed.
 *
 * @returns The last number that the writers that were killed have published.
 */
export async function killWriters({ kind, rounds, seed }: SleepOptions): Promise<number> {
  const random = new Random(seed);
  const name = randomName();
  const start = () => Peer.start("channel/peer/peers/growing_numbers.ts", kind, name);
  await using readers = kind === "latest" ? readLatest(name) : receiveAll(name);
  // Each is started before the last one is killed, for that takes a while.
  let next = start();
  for (let round = 0; round < rounds; round++) {
    await using peer = await next;
    if (round + 1 < rounds) next = start();
    // Two in three are killed while they publish, the others as they come.
    const answer = peer.ask("begin").catch(() => {});
    if (round % 3 < 2) await answer;
    readers.goOn();
    await pause(random.below(MAX_LIFE));
    peer.kill();
    await peer.gone();
    await answer;
    await allSee(() => readers.areDone(), readers, `the kill in round ${round} of seed ${seed}`);
  }
  const numbers = readers.seen[0]!;
  readers.publish(numbers + 1);
  readers.goOn();
  const isLast = () => readers.seen.every((number) => number === numbers + 1);
  await allSee(isLast, readers, `a later writer's publish, seed ${seed}`);
  return numbers;
}

/** Readers of a latest value, who go on with the next writer by themselves. */
function readLatest(name: string): Readers {
  const seen = new Uint32Array(READERS);
  const value = LatestValue.create(name, Numbered);
  value.writer().close();
  const reader = value.reader();
  const done = Array.from(seen, async (_, at) => {
    for await (const { number } of reader.changes({ whenWriterGone: "wait" })) seen[at] = number;
  });
  return {
    seen,
    areDone: () => {
      const newest = reader.read()?.number ?? 0;
      return seen.every((number) => number === newest);
    },
    goOn: () => {},
    publish: (number) => {
      value.writer().write({ number });
    },
    [Symbol.asyncDispose]: async () => {
      value.close();
      await Promise.all(done);
    },
  };
}

/** Receivers of a broadcast ring, which notice each sender's death. */
function receiveAll(name: string): Readers {
  const seen = new Uint32Array(READERS);
  const hasNoticed = new Array<boolean>(READERS).fill(false);
  const ring = BroadcastRing.create(name);
  let next = Promise.withResolvers<void>();
  let isOver = false;
  const done = Array.from(seen, async (_, at) => {
    const receiver = ring.receiver();
    while (!isOver) {
      try {
        const message = await receiver.receive();
        if (message !== undefined) seen[at] = new Uint32Array(message.bytes.buffer)[0]!;
      } catch (error) {
        if (isOver) return;
        if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
        const { promise } = next;
        hasNoticed[at] = true;
        await promise;
      }
    }
  });
  const goOn = () => {
    hasNoticed.fill(false);
    next.resolve();
    next = Promise.withResolvers();
  };
  return {
    seen,
    areDone: () => hasNoticed.every((is) => is) && seen.every((number) => number === seen[0]),
    goOn,
    publish: (number) => {
      const sender = ring.sender();
      sender.send(new Uint8Array(Uint32Array.of(number).buffer));
      sender.flush();
    },
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      goOn();
      ring.close();
      await Promise.all(done);
    },
  };
}

/** Waits until all readers see something. */
async function allSee(isTrue: () => boolean, { seen }: Readers, after: string): Promise<void> {
  const deadline = performance.now() + SOON;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`A reader sleeps on after ${after}: ${seen}`);
    await pause(2);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Kills writers at random moments while many readers sleep.
 *
 * @module
 */

import { BroadcastRing, LatestValue } from "../../../src/channel/mod.ts";
import { struct } from "../../../src/struct/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { Random } from "../../support/random.ts";

/** The value or message that writers publish: a number that grows. */
export const Numbered = struct({ number: "u32" });

/** The object whose readers sleep: a latest value or a broadcast ring. */
export type SleepKind = "latest" | "broadcast";

/** Options of {@linkcode killWriters}. */
export interface SleepOptions {
  /** The kind of object. */
  kind: SleepKind;
  /** The number of writers to kill. */
  rounds: number;
  /** The seed of the pseudorandom numbers. */
  seed: number;
}

/** Number of readers. */
const READERS = 40;
/** Maximum life of a writer after its start in milliseconds, enough to publish some numbers. */
const MAX_LIFE = 60;
/** Maximum time in milliseconds until all readers have woken, on a busy machine. */
const SOON = 15_000;

/** The readers of one value or ring, in this process. */
interface Readers extends AsyncDisposable {
  /** The last number that each reader has seen; 0 for none. */
  readonly seen: Uint32Array<ArrayBuffer>;
  /** Returns whether all readers have seen all numbers of a killed writer, or its death. */
  areDone(): boolean;
  /** Lets readers that have noticed a writer's death wait for the next writer. */
  goOn(): void;
  /** Publishes a number by a writer of this process. */
  publish(number: number): void;
}

/**
 * Kills writers, some of them while they open. Asserts that after each death all readers see the
 * newest number. Then a last writer publishes a number, which all readers must see.
 *
 * @returns The last number that a killed writer has published.
 */
export async function killWriters({ kind, rounds, seed }: SleepOptions): Promise<number> {
  const random = new Random(seed);
  const name = randomName();
  const start = () => Peer.start("channel/peer/peers/growing_numbers.ts", kind, name);
  await using readers = kind === "latest" ? readLatest(name) : receiveAll(name);
  // Each writer is started before the writer before it is killed, because the start takes a while.
  let next = start();
  for (let round = 0; round < rounds; round++) {
    await using peer = await next;
    if (round + 1 < rounds) next = start();
    // Two in three writers are killed while they publish, the rest while they open.
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

/** Starts readers of a latest value. They go on with the next writer by themselves. */
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

/** Starts receivers of a broadcast ring. They notice each sender's death. */
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

/** Waits until a condition of the readers holds. */
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

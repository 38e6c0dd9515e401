/**
 * A C program, a script and this process, which want the same end of a channel at the same moment.
 *
 * @module
 */

import { partsOf } from "../../../src/channel/ring/channel.ts";
import { assertEquals } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { HEADER_LENGTH, RECEIVER, SENDER } from "../../../src/channel/ring/layout.ts";
import { SharedEvent } from "../../../src/sync/mod.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { NOTE, Notes } from "./notes.ts";

const soon = { timeout: 20_000 };
/** How many there are besides this process. */
export const RACERS = 2;
/** What one gets, as C has it: ERROR_SUCCESS and ERROR_BUSY. */
export const RESULT = { taken: 0, busy: 170 } as const;

/**
 * Asserts that each race has one winner, and the others are told that the place is taken, whether it
 * was free or its owner had died.
 *
 * @param rounds How many races.
 * @returns How often each of the three has won.
 */
export async function raceForPlaces(rounds: number): Promise<number[]> {
  await using program = await compileRingPeer("channel/ring/peers/place_racer.c");
  const name = randomName();
  using notes = Notes.create(name);
  using done = SharedEvent.create(`${name}.done`);
  using channel = RingChannel.create(name, { capacity: 1024 });
  using view = partsOf(channel).memory.map();
  const owners = new BigUint64Array(view.buffer, 0, HEADER_LENGTH / 8);
  const dead = await deadOwner(name, owners);
  await using _first = await Peer.startProgram(program.path, name, "0");
  await using _second = await Peer.start("channel/ring/peers/place_racer.ts", name, "1");
  const { words } = notes;
  const wins = [0, 0, 0];
  for (let round = 1; round <= rounds; round++) {
    const { owner } = round % 2 === 0 ? SENDER : RECEIVER;
    Atomics.store(owners, owner, round % 4 < 2 ? 0n : dead);
    Atomics.store(words, NOTE.ended, 0);
    Atomics.store(words, NOTE.round, round);
    // In some of the races this process takes part.
    const mine = round % 3 === 0 ? tryEnd(channel, round) : undefined;
    done.waitSync(soon);
    const results = [...words.subarray(NOTE.results, NOTE.results + RACERS)];
    results.push(mine === undefined ? RESULT.busy : RESULT.taken);
    const sorted = results.toSorted((one, other) => one - other);
    assertEquals(sorted, [RESULT.taken, RESULT.busy, RESULT.busy], `race ${round}`);
    wins[results.indexOf(RESULT.taken)]!++;
    mine?.close();
    Atomics.store(words, NOTE.over, round);
    done.waitSync(soon);
    assertEquals(Atomics.load(owners, owner), 0n, `race ${round}`);
  }
  Atomics.store(words, NOTE.round, -1);
  return wins;
}

/** Takes the place that a race is about: the sender's in each other one. */
export function tryEnd(
  channel: RingChannel,
  round: number,
): Disposable & { close(): void } | undefined {
  try {
    return round % 2 === 0 ? channel.sender() : channel.receiver();
  } catch (error) {
    if (error instanceof Deno.errors.Busy) return undefined;
    throw error;
  }
}

/** Lets a script take a place, ends it, and sees what it leaves there. */
async function deadOwner(name: string, owners: BigUint64Array): Promise<bigint> {
  await using peer = await Peer.start("channel/ring/peers/end.ts", "receiver", name);
  peer.kill();
  await peer.gone();
  const owner = Atomics.load(owners, RECEIVER.owner);
  assertEquals(owner & 0xffff_ffffn, BigInt(peer.pid));
  return owner;
}

/**
 * Lets a C program, a script and this process race for the same place of a channel.
 *
 * @module
 */

import { partsOf } from "../../../src/channel/ring/channel.ts";
import { assertEquals } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { HEADER_LENGTH, RECEIVER, SENDER } from "../../../src/channel/ring/layout.ts";
import { SharedEvent } from "../../../src/sync/mod.ts";
import type { Bits } from "../../support/compile_c.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { NOTE, Notes } from "./notes.ts";

/** Number of racers besides this process. */
export const RACERS = 2;
/** The result of a racer, as a C error code: ERROR_SUCCESS or ERROR_BUSY. */
export const RESULT = { taken: 0, busy: 170 } as const;

/**
 * Asserts that each race has one winner, and that the other racers get Busy. In some races the
 * place is free, in others its owner has died.
 *
 * @param rounds The number of races.
 * @param bits The bits of the racer in C.
 * @returns The number of wins of each of the three racers.
 */
export async function raceForPlaces(rounds: number, bits: Bits = 64): Promise<number[]> {
  await using program = await compileRingPeer("channel/ring/peers/place_racer.c", { bits });
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
    // This process takes part in every third race.
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

/** Takes the place of a race: the sender's in even races, the receiver's in odd ones. */
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

/** Lets a script take a place, kills it, and returns the owner that remains. */
async function deadOwner(name: string, owners: BigUint64Array): Promise<bigint> {
  await using peer = await Peer.start("channel/ring/peers/end.ts", "receiver", name);
  peer.kill();
  await peer.gone();
  const owner = Atomics.load(owners, RECEIVER.owner);
  assertEquals(owner & 0xffff_ffffn, BigInt(peer.pid));
  return owner;
}

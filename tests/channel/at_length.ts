/**
 * Runs tests of tests/channel for a longer time. It moves millions of messages, kills ends, lets
 * processes race for places, and writes random numbers into memory. This takes a quarter of an
 * hour.
 *
 *     deno task test:channel [SEED]
 *
 * @module
 */

import { killReaders } from "./frame/kill_readers.ts";
import { fuzz } from "./fuzz/run.ts";
import { killPeekers, killReceivers, killSenders, killSendersOfMany } from "./ring/kill_ends.ts";
import { programs, scripts } from "./ring/short_lived_ends.ts";
import { raceForPlaces } from "./ring/place_race.ts";
import { killWriters } from "./peer/killed_writers.ts";
import { stream } from "./ring/numbered_stream.ts";

const started = performance.now();
const seed = Number(Deno.args[0] ?? 1 + Date.now() % 2 ** 30);
console.log(`The seed is ${seed}`);

const progress = (count: number) => print(`${count} messages`);
await stream([{ mode: "sync", count: 5_000_000 }], progress);
print("all messages of one sender have arrived");
await stream([
  ...[1, 2].map(() => ({ mode: "sync", count: 1_200_000 } as const)),
  { mode: "async", count: 200_000 },
], progress);
print("all messages of three senders have arrived");

const PARTS = 6;
for (let part = 1; part <= PARTS; part++) {
  const some = { rounds: 60, seed: seed + part };
  print(`${part} of ${PARTS}: programs that send`, await killSenders(programs(64), some));
  print(`${part} of ${PARTS}: programs that receive`, await killReceivers(programs(64), some));
  print(`${part} of ${PARTS}: programs that peek`, await killPeekers(programs(64), some));
  const few = { ...some, rounds: 20 };
  print(`${part} of ${PARTS}: scripts that send`, await killSenders(scripts, few));
  print(`${part} of ${PARTS}: scripts that receive`, await killReceivers(scripts, few));
  print(`${part} of ${PARTS}: scripts that peek`, await killPeekers(scripts, few));
  print(`${part} of ${PARTS}: senders of several`, await killSendersOfMany(some));
  for (const kind of ["latest", "broadcast"] as const) {
    await killWriters({ kind, rounds: 40, seed: seed + part });
    print(`${part} of ${PARTS}: writers while 40 readers sleep, ${kind}`);
  }
  await killReaders({ rounds: 20, seed: seed + part });
  print(`${part} of ${PARTS}: readers that hold frames`);
  print(`${part} of ${PARTS}: races`, await raceForPlaces(4000));
  for (const kind of ["single", "multiple", "broadcast", "latest", "frame"] as const) {
    for (const isLive of [false, true]) {
      const outcomes = await fuzz({ kind, isLive, seed: seed + part, rounds: 500 });
      print(
        `${part} of ${PARTS}: hostile memory, ${kind}, ${isLive ? "all the time" : "found"}`,
        outcomes,
      );
    }
  }
}

function print(what: string, result?: unknown): void {
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${seconds} s  ${what}`, ...(result === undefined ? [] : [JSON.stringify(result)]));
}

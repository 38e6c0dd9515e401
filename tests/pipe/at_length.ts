/**
 * Runs tests of tests/pipe for a longer time: 100,000 random steps in one process and between two,
 * and 10,000 connections.
 *
 *     deno task test:pipe [SEED]
 *
 * @module
 */

import { fuzz } from "./fuzz/run.ts";
import { makeConnections } from "./many_connections.ts";

const STEPS = 100_000;
const CONNECTIONS = 10_000;
const started = performance.now();
const seed = Number(Deno.args[0] ?? 1 + Date.now() % 2 ** 30);
console.log(`The seed is ${seed}`);

for (const isFar of [false, true]) {
  let next = STEPS / 5;
  const onRound = (steps: number) => {
    if (steps < next) return;
    next += STEPS / 5;
    print(`${steps} steps ${isFar ? "between two processes" : "in one process"}`);
  };
  const connections = await fuzz({ seed, steps: STEPS, isFar, onRound });
  print(`${connections} connections have lost nothing`);
}

await makeConnections(CONNECTIONS, (made) => {
  if (made % 1000 === 0) print(`${made} connections`);
});
print("nothing of these connections is left");

function print(what: string): void {
  console.log(`${Math.round((performance.now() - started) / 1000)} s  ${what}`);
}

/**
 * Kills services and clients at random moments, for many rounds: `deno task test:rpc [SEED]`.
 *
 * @module
 */

import { Random } from "../support/random.ts";
import { killClients, killServers } from "./support/kill_rounds.ts";

const ROUNDS = 50;
const seed = Number(Deno.args[0] ?? 1 + Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${seed}`);
const random = new Random(seed);
await killServers(ROUNDS, random);
console.log(`${ROUNDS} services were killed`);
await killClients(ROUNDS, random);
console.log(`${ROUNDS} clients were killed`);

/**
 * Uses memory at random while it is attacked: `attacked_user.ts KIND NAME SEED ROUNDS live|alone`.
 * With `live`, another process writes random numbers into the memory. With `alone`, this process
 * itself writes some before its calls.
 *
 * The process fails if a call throws an error that is not documented, takes too long, or leaves
 * handles open. Otherwise it prints the number of calls with each outcome.
 *
 * @module
 */

import { type Kind, openMemory, TARGETS } from "../targets.ts";
import type { User } from "../users.ts";
import { HostileWrites } from "../hostile_writes.ts";
import { Random } from "../../../support/random.ts";
import { assertLeavesNoHandle } from "../../../support/leak.ts";

/** The errors that calls can throw. */
const ALLOWED = [
  Deno.errors.InvalidData,
  Deno.errors.TimedOut,
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionReset,
  Deno.errors.Busy,
  // These depend on the header.
  Deno.errors.NotFound,
  Deno.errors.WouldBlock,
  // LatestReader.changes() ends with its signal.
  DOMException,
];
const ACTS = 20;
/** Maximum time in milliseconds of a call with a timeout of 1 ms, on a busy machine. */
const MAX_LENGTH = 3000;

const [kind, name, seed, rounds, mode] = Deno.args as [Kind, string, string, string, string];
const target = TARGETS[kind];
const random = new Random(Number(seed));
const outcomes: Record<string, number> = {};
using memory = openMemory(name);
const hostile = mode === "live"
  ? undefined
  : new HostileWrites(memory.buffer, { words: target.words, seed: Number(seed) + 1 });
let done = 0;

console.log("ready");
await assertLeavesNoHandle(Number(rounds), use);
console.log(JSON.stringify(outcomes));

async function use(): Promise<void> {
  if (++done % 100 === 0) console.log(`${done}`);
  if (random.below(2) === 0) hostile?.restore();
  else hostile?.freePlaces();
  for (let count = random.below(8); count > 0; count--) hostile?.write();
  let user: User | undefined;
  await attempt(() => user = target.open(name));
  if (user === undefined) return;
  for (let act = 0; act < ACTS; act++) {
    await attempt(() => user?.act(random));
    if (random.below(4) === 0) hostile?.write();
  }
  // This must succeed.
  user[Symbol.dispose]();
}

async function attempt(act: () => unknown): Promise<void> {
  const start = performance.now();
  let outcome = "a result";
  try {
    await act();
  } catch (error) {
    const kind = ALLOWED.find((kind) => error instanceof kind);
    if (kind === undefined) throw new Error(`In round ${done} of seed ${seed}`, { cause: error });
    outcome = kind.name;
  }
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const took = performance.now() - start;
  if (took > MAX_LENGTH) throw new Error(`A call took ${took} ms, round ${done}, seed ${seed}`);
}

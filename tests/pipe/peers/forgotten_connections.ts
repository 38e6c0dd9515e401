/**
 * Forgets connections to the pipe of the test, collects garbage, and answers lines:
 * `forgotten_connections.ts NAME`. The connections have no operation in flight, a read or a write.
 *
 * @module
 */

import { connectPipe } from "../../../src/pipe/mod.ts";

const name = Deno.args[0]!;
const OPERATIONS = ["none", "read", "write"] as const;

async function forget(what: typeof OPERATIONS[number]): Promise<void> {
  const client = await connectPipe(name);
  client.unref();
  await client.write(new TextEncoder().encode(what));
  if (what === "read") client.read(new Uint8Array(10), { timeout: 1 }).catch(() => {});
  if (what === "write") client.write(new Uint8Array(400_000), { timeout: 1 }).catch(() => {});
  // The operations are given up, so that no promise of this script has the connection.
  await new Promise((resolve) => setTimeout(resolve, 10));
}

async function collect(): Promise<void> {
  for (let round = 0; round < 10; round++) {
    Reflect.get(globalThis, "gc")();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (const what of OPERATIONS) await forget(what);
await collect();
console.log("ready");
// The test now reads and writes everything.
for await (const _ of Deno.stdin.readable) {
  await collect();
  console.log("still alive");
}

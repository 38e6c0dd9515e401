/**
 * Measures creating, opening and mapping shared memory. Compares reads and writes of it with memory
 * of the script.
 *
 * @module
 */

import { SharedMemory } from "../mod.ts";

const MEBIBYTE = 2 ** 20;
const name = `winipc-bench-${crypto.randomUUID()}`;
const memory = SharedMemory.create(name, 64 * MEBIBYTE);
const view = memory.map();
const own = new Uint8Array(64 * MEBIBYTE);

Deno.bench("SharedMemory.anonymous() and close()", { group: "life", baseline: true }, () => {
  SharedMemory.anonymous(65_536).close();
});

Deno.bench("SharedMemory.create() and close()", { group: "life" }, () => {
  SharedMemory.create(`${name}-new`, 65_536).close();
});

Deno.bench("SharedMemory.open() and close()", { group: "life" }, () => {
  SharedMemory.open(name).close();
});

Deno.bench("openOrCreate() with initialize, and close()", { group: "life" }, () => {
  SharedMemory.openOrCreate(`${name}-new`, 65_536, { initialize: () => {} }).close();
});

Deno.bench("map() and close() of 64 KiB", { group: "life" }, () => {
  memory.map({ byteLength: 65_536 }).close();
});

// The same loop for both, so that only the memory differs.
function sum(numbers: Int32Array): number {
  let total = 0;
  for (let i = 0; i < numbers.length; i++) total = (total + numbers[i]!) | 0;
  return total;
}

for (const [where, bytes] of [["the script's own memory", own], ["a view", view.bytes]] as const) {
  const numbers = new Int32Array(bytes.buffer, 0, MEBIBYTE / 4);
  const source = new Uint8Array(MEBIBYTE);
  const baseline = bytes === own;
  Deno.bench(`read 1 MiB as Int32 from ${where}`, { group: "read", baseline }, () => {
    sum(numbers);
  });
  Deno.bench(`copy 1 MiB into ${where}`, { group: "copy", baseline }, () => {
    bytes.set(source);
  });
  const counter = new Int32Array(bytes.buffer, 0, 1);
  Deno.bench(`Atomics.add in ${where}`, { group: "atomics", baseline }, () => {
    Atomics.add(counter, 0, 1);
  });
}

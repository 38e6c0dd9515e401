/**
 * Prints the time of the first and of a later `SharedMemory.create`, in milliseconds. The first
 * argument is the module `./memory` of a checkout.
 *
 * @module
 */

const { SharedMemory }: typeof import("../../src/memory/mod.ts") = await import(Deno.args[0]!);

function timeCreate(): number {
  const name = `first-use-${crypto.randomUUID()}`;
  const begin = performance.now();
  const memory = SharedMemory.create(name, 4096);
  const time = performance.now() - begin;
  memory.close();
  return time;
}

const first = timeCreate();
timeCreate();
console.log(first, timeCreate());

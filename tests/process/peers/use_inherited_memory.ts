/**
 * Takes the memory that it inherited under each of the named keys. Adds one to the first byte if it
 * can write, and prints the memory's properties, or the class of the error.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";

for (const key of Deno.args) {
  try {
    using memory = SharedMemory.inherited(key);
    using view = memory.map();
    if (memory.access === "readwrite") view.bytes[0]!++;
    console.log(`${key} ${memory.access} ${memory.byteLength} ${view.bytes[0]}`);
  } catch (error) {
    console.log(`${key} ${error instanceof Error ? error.name : error}`);
  }
}

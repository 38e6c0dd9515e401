/**
 * Takes the memories that it inherited under the keys that are named: tells what each is, and adds
 * one to its first byte where it may write. Where that fails it tells the error's class.
 *
 * @module
 */

import { SharedMemory } from "../../../mod.ts";

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

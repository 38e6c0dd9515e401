/**
 * Maps a file as memory. One process sorts the numbers in the file, and every process that has
 * mapped the file sees the change.
 *
 *     deno run --allow-ffi examples/mapped_file.ts sort --file numbers.bin
 *     deno run --allow-ffi examples/mapped_file.ts show --file numbers.bin
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { SharedMemory } from "@winipc/winipc";

/** Sorts the Float64 numbers in a file, and writes them to the disk. Returns their count. */
export function sort(path: string | URL): number {
  using memory = SharedMemory.fromFile(path, { access: "readwrite" });
  using view = memory.map();
  const numbers = new Float64Array(view.buffer, 0, Math.floor(view.byteLength / 8));
  numbers.sort();
  view.flush();
  return numbers.length;
}

/** Returns the first three numbers of a file, the last one, and whether all are in order. */
export function show(path: string | URL): { least: number[]; greatest: number; sorted: boolean } {
  using memory = SharedMemory.fromFile(path);
  using view = memory.map();
  const numbers = new Float64Array(view.buffer, 0, Math.floor(view.byteLength / 8));
  return {
    least: [...numbers.slice(0, 3)],
    greatest: numbers.at(-1) ?? NaN,
    sorted: numbers.every((number, index) => index === 0 || numbers[index - 1]! <= number),
  };
}

if (import.meta.main) {
  const { _: [role], file } = parseArgs(Deno.args, { string: ["file"] });
  if (role === "sort" && file) {
    console.log(`Process ${Deno.pid} sorted ${sort(file)} numbers`);
  } else if (role === "show" && file) {
    console.log(show(file));
  } else {
    console.error("Usage: mapped_file.ts sort|show --file FILE");
    Deno.exit(2);
  }
}

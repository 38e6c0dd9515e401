/**
 * Reserves 64 GiB of shared memory. Only the parts that are mapped use memory.
 *
 *     deno run --allow-ffi examples/sparse_memory.ts --gigabytes 64 --rows 5
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { SharedMemory } from "@winipc/winipc";

const { gigabytes, rows } = parseArgs(Deno.args, {
  string: ["gigabytes", "rows"],
  default: { gigabytes: "64", rows: "5" },
});

const byteLength = Number(gigabytes) * 2 ** 30;
using memory = SharedMemory.anonymous(byteLength, { reserve: true });
console.log(`Reserved ${memory.byteLength} bytes`);

// The rows are far apart. Only the pages with a row use memory.
const stride = Math.floor(byteLength / Number(rows));
for (let row = 0; row < Number(rows); row++) {
  using view = memory.map({ offset: row * stride, byteLength: 16 });
  new TextEncoder().encodeInto(`row ${row}`, view.bytes);
}
for (let row = 0; row < Number(rows); row++) {
  using view = memory.map({ offset: row * stride, byteLength: 16, access: "read" });
  const text = new TextDecoder().decode(view.bytes.slice()).replace(/\0+$/, "");
  console.log(`At byte ${row * stride}: ${text}`);
}

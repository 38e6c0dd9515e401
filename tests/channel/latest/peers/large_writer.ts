/**
 * Writes a large latest value as fast as possible, until the process is killed. Each value has
 * equal marks.
 *
 *     large_writer.ts NAME
 */

import { LatestValue } from "../../../../src/channel/mod.ts";
import { Large } from "../marked_value.ts";

using value = LatestValue.openOrCreate(Deno.args[0]!, Large);
using writer = value.writer();
console.log("ready");
const marks = new Uint32Array(Large.marks);
for (let mark = 1;; mark = (mark + 1) >>> 0) {
  marks.fill(mark);
  writer.write({ marks });
}

/**
 * What it costs to write and to read a newest value.
 *
 * @module
 */

import { array, LatestValue, struct } from "../mod.ts";

for (const byteLength of [16, 256, 4096]) {
  const name = `winipc-bench-${crypto.randomUUID()}`;
  const layout = struct({ words: array("u32", byteLength / 4) });
  const writer = LatestValue.create(name, layout);
  const reader = LatestValue.open(name, layout);
  const target = new Int32Array(byteLength / 4);
  globalThis.addEventListener("unload", () => {
    reader.close();
    writer.close();
  });
  const group = `${byteLength} bytes`;

  Deno.bench(`LatestWriter.publish(), ${group}`, { group }, () => {
    writer.publish();
  });

  Deno.bench(`LatestValue.readInto(), ${group}`, { group }, () => {
    reader.readInto(target);
  });

  Deno.bench(`LatestValue.read(), ${group}`, { group }, () => {
    reader.read();
  });
}

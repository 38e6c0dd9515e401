/**
 * Measures publishing and reading a latest value.
 *
 * @module
 */

import { array, LatestValue, struct } from "../mod.ts";

for (const byteLength of [16, 256, 4096]) {
  const name = `winipc-bench-${crypto.randomUUID()}`;
  const layout = struct({ words: array("u32", byteLength / 4) });
  const value = LatestValue.create(name, layout);
  const writer = value.writer();
  const reader = value.reader();
  const target = new Int32Array(byteLength / 4);
  globalThis.addEventListener("unload", () => value.close());
  const group = `${byteLength} bytes`;

  Deno.bench(`LatestWriter.publish(), ${group}`, { group }, () => {
    writer.publish();
  });

  Deno.bench(`LatestReader.readInto(), ${group}`, { group }, () => {
    reader.readInto(target);
  });

  Deno.bench(`LatestReader.read(), ${group}`, { group }, () => {
    reader.read();
  });
}

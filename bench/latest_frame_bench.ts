/**
 * Measures passing a latest frame from a writer to a reader. No byte of the frame is touched.
 *
 * @module
 */

import { LatestFrame } from "../mod.ts";

for (const byteLength of [2 ** 16, 2 ** 23]) {
  const name = `winipc-bench-${crypto.randomUUID()}`;
  const frames = LatestFrame.create(name, { byteLength });
  const [writer, reader] = [frames.writer(), frames.reader()];
  globalThis.addEventListener("unload", () => frames.close());
  writer.claim();
  writer.publish({ width: 1920, height: 1080 });
  const group = `${byteLength} bytes`;

  Deno.bench(`FrameWriter.claim(), publish(), ${group}`, { group }, () => {
    writer.claim();
    writer.publish();
  });

  Deno.bench(`FrameReader.acquire(), release(), ${group}`, { group }, () => {
    reader.acquire()?.release();
  });

  Deno.bench(`publish() of metadata, and Frame.metadata, ${group}`, { group }, () => {
    writer.claim();
    writer.publish({ width: 1920, height: 1080 });
    using frame = reader.acquire();
    void frame?.metadata;
  });
}

// Task: test:examples

import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { crc32, drawBall, SETTINGS, toPng, watch } from "../../examples/moving_picture.ts";
import { randomName } from "../support/random_name.ts";
import { removeFolder } from "../support/remove_folder.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

/** Reads a PNG file without filters, and checks its checksums. */
async function readPng(file: Uint8Array<ArrayBuffer>) {
  assertEquals(new TextDecoder().decode(file.subarray(1, 4)), "PNG");
  const view = new DataView(file.buffer, file.byteOffset);
  const chunks: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (let at = 8; at < file.length;) {
    const length = view.getUint32(at);
    const kind = new TextDecoder().decode(file.subarray(at + 4, at + 8));
    chunks[kind] = file.slice(at + 8, at + 8 + length);
    assertEquals(view.getUint32(at + 8 + length), crc32(file.slice(at + 4, at + 8 + length)));
    at += 12 + length;
  }
  assertEquals(Object.keys(chunks), ["IHDR", "IDAT", "IEND"]);
  const head = new DataView(chunks.IHDR!.buffer);
  const [width, height] = [head.getUint32(0), head.getUint32(4)];
  assertEquals([...chunks.IHDR!.subarray(8)], [8, 6, 0, 0, 0]);
  const inflated = new Blob([chunks.IDAT!]).stream().pipeThrough(
    new DecompressionStream("deflate"),
  );
  const rows = await new Response(inflated).bytes();
  const pixels = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    const at = row * (1 + width * 4);
    assertEquals(rows[at], 0);
    pixels.set(rows.subarray(at + 1, at + 1 + width * 4), row * width * 4);
  }
  return { width, height, pixels };
}

/** Returns the pixels of a picture. */
function pixelsOf(number: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(SETTINGS.byteLength);
  drawBall(pixels, number);
  return pixels;
}

Deno.test("examples/moving_picture.ts shows two watchers a picture, which they save as PNG files", async () => {
  // The checksum of the CRC-32 catalogue.
  assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  const name = randomName();
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  await using _ = { [Symbol.asyncDispose]: () => removeFolder(folder) };
  const file = `${folder}/ball.png`;
  const script = new URL("../../examples/moving_picture.ts", import.meta.url).href;
  const drawer = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, "draw", "--name", name, "--pictures=100"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [{ out, code }, seen] = await Promise.all([
    runExample("moving_picture.ts", "watch", "--name", name, "--pictures=100", "--file", file),
    watch(name, 100, AbortSignal.timeout(30_000)),
  ]);
  assertEquals(code, 0);
  assertMatch(out, /Got \d+ pictures up to picture 100, skipped \d+/);
  assertGreater(seen.got, 0);
  assertEquals(seen.last, 100);
  for (const png of [seen.png, await Deno.readFile(file)]) {
    assertEquals(await readPng(png), { width: 320, height: 180, pixels: pixelsOf(100) });
  }
  await drawer.stdin.close();
  const { code: drawn, stdout } = await drawer.output();
  assertEquals(drawn, 0);
  assertMatch(new TextDecoder().decode(stdout), /Drew 100 pictures, 0 were dropped/);
  // Another picture gives another file.
  const other = await toPng(pixelsOf(5), { width: 320, height: 180 });
  assertEquals((await readPng(other)).pixels, pixelsOf(5));
});

Deno.test("examples/moving_picture.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("moving_picture.ts", "watch", "--name", randomName());
  await assertPrintsUsage("moving_picture.ts");
});

/**
 * Shows a moving picture. One process draws pictures in shared memory, 60 a second. Any number of
 * others watch, each as fast as it can, and save the last picture as a PNG file. No picture is
 * copied, and the process that draws never waits.
 *
 *     deno run --allow-ffi examples/moving_picture.ts draw --name ball --pictures 600
 *     deno run --allow-ffi --allow-write examples/moving_picture.ts watch --name ball --file ball.png
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Frame, LatestFrame } from "@winipc/winipc";

const WIDTH = 320;
const HEIGHT = 180;
/** Settings with two watchers. With two more slots than readers, no picture is ever dropped. */
export const SETTINGS = { byteLength: WIDTH * HEIGHT * 4, maxReaders: 2 };

/** Draws a ball on a blue ground; its place follows from the number of the picture. */
export function drawBall(bytes: Uint8Array<ArrayBuffer>, number: number): void {
  const pixels = new Uint32Array(bytes.buffer, bytes.byteOffset, WIDTH * HEIGHT);
  const [x, y] = [number * 3 % WIDTH, HEIGHT / 2 + 50 * Math.sin(number / 20)];
  for (let row = 0, at = 0; row < HEIGHT; row++) {
    // The bytes of a pixel are red, green, blue and opacity.
    const ground = 0xff000000 | (96 + row / 2) << 16 | (row / 2) << 8;
    for (let column = 0; column < WIDTH; column++, at++) {
      const isBall = (column - x) ** 2 + (row - y) ** 2 < 400;
      pixels[at] = isBall ? 0xff3080ff : ground;
    }
  }
}

/** Draws pictures, 60 a second, until there are enough. */
export async function draw(name: string, pictures: number): Promise<void> {
  // If this process starts again, it opens the memory that its watchers still have open.
  using frames = LatestFrame.openOrCreate(name, SETTINGS);
  using writer = frames.writer();
  for (let number = 1; number <= pictures; number++) {
    const bytes = writer.claim();
    if (bytes !== undefined) {
      drawBall(bytes, number);
      writer.publish({ width: WIDTH, height: HEIGHT, number });
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 / 60));
  }
  console.log(`Drew ${pictures} pictures, ${writer.dropped} were dropped`);
  await untilTheInputEnds();
}

/** The pictures that a watcher has seen. */
export interface Seen {
  /** The number of pictures that it got. */
  got: number;
  /** The number of pictures that it skipped. */
  skipped: number;
  /** The number of the last picture. */
  last: number;
  /** The last picture as a PNG file. */
  png: Uint8Array<ArrayBuffer>;
}

/** Watches until the picture with a number, or until the writer is closed or dead. */
export async function watch(name: string, until: number, signal: AbortSignal): Promise<Seen> {
  using frames = await LatestFrame.waitFor(name, { signal });
  using reader = frames.reader();
  const seen: Seen = { got: 0, skipped: 0, last: 0, png: new Uint8Array() };
  let first: number | undefined;
  // The loop releases each picture when it comes back for the next one.
  for await (const frame of reader.changes({ signal })) {
    first ??= frame.number;
    seen.got++;
    seen.skipped = frame.number - first + 1 - seen.got;
    if (pictureOf(frame).number >= until) break;
  }
  // The writer can go on meanwhile: this picture stays as it is.
  using last = reader.acquire();
  if (last !== undefined) {
    const picture = pictureOf(last);
    seen.last = picture.number;
    seen.png = await toPng(last.bytes, picture);
  }
  return seen;
}

/** Holds one picture for a minute. If the process is killed, the slot goes back to the writer. */
async function hold(name: string, signal: AbortSignal): Promise<void> {
  using frames = await LatestFrame.waitFor(name, { signal });
  using reader = frames.reader();
  for await (const frame of reader.changes({ signal })) {
    console.log(`Holding picture ${pictureOf(frame).number}`);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    return;
  }
}

/** The size of a picture, and its number. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly number: number;
}

/** Checks the metadata of a frame, which another process wrote. */
function pictureOf({ metadata, bytes }: Frame): Picture {
  const { width, height, number } = Object(metadata);
  if (width * height * 4 !== bytes.length) throw new Error("This is no picture");
  return { width, height, number: Number(number) };
}

/** Encodes a picture as a PNG file. */
export async function toPng(
  pixels: Uint8Array<ArrayBuffer>,
  { width, height }: Pick<Picture, "width" | "height">,
): Promise<Uint8Array<ArrayBuffer>> {
  // Each row begins with the number of its filter: 0 for none.
  const rows = new Uint8Array(height * (1 + width * 4));
  for (let row = 0; row < height; row++) {
    const from = row * width * 4;
    rows.set(pixels.subarray(from, from + width * 4), row * (1 + width * 4) + 1);
  }
  const deflated = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, width);
  head.setUint32(4, height);
  // 8 bits for each of red, green, blue and opacity.
  head.setUint16(8, 0x0806);
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", new Uint8Array(head.buffer)),
    chunk("IDAT", await new Response(deflated).bytes()),
    chunk("IEND", new Uint8Array()),
  ];
  return await new Blob(parts).bytes();
}

/** Makes a part of a PNG file: its length, its kind, its data and their checksum. */
function chunk(kind: string, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  new TextEncoder().encodeInto(kind, bytes.subarray(4));
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** Returns the checksum CRC-32 of bytes. */
export function crc32(bytes: Uint8Array<ArrayBuffer>): number {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum >>> 1 ^ (sum & 1) * 0xedb88320;
  }
  return ~sum >>> 0;
}

async function untilTheInputEnds(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}

if (import.meta.main) {
  const { _: [role], name, pictures, file, timeout } = parseArgs(Deno.args, {
    string: ["name", "pictures", "file", "timeout"],
    default: { name: "winipc-ball", pictures: "300", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "draw") {
    console.log(`Drawing ${pictures} pictures, and waiting until the standard input ends`);
    await draw(name, Number(pictures));
  } else if (role === "watch") {
    const { got, skipped, last, png } = await watch(name, Number(pictures), signal);
    if (file !== undefined) await Deno.writeFile(file, png);
    console.log(`Got ${got} pictures up to picture ${last}, skipped ${skipped}`);
  } else if (role === "hold") {
    await hold(name, signal);
  } else {
    console.error(
      "Usage: moving_picture.ts draw|watch|hold [--name NAME] [--pictures N] [--file PNG] " +
        "[--timeout MS]",
    );
    Deno.exit(2);
  }
}

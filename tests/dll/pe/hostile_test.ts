// Task: test:faults

/**
 * Images that try to use a lot of time or memory.
 *
 * @module
 */

import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { inspectImage, SharedSection } from "../../../src/dll/mod.ts";
import { SLOWNESS } from "../../support/slowness.ts";
import { bytesOf, oddImage, SHARED, WRITE } from "./odd_image.ts";
import { temporaryImage } from "./temporary_image.ts";

/** Maximum time for reading an image, in milliseconds: about ten times the usual time. */
const SOON = 10_000 * SLOWNESS;
const MEBI = 2 ** 20;

/** Reads an image, and fails if that takes too long. */
function inspectSoon(image: Uint8Array<ArrayBuffer>) {
  const started = performance.now();
  const info = inspectImage(image);
  assertLess(performance.now() - started, SOON);
  return info;
}

Deno.test("inspectImage() checks 16 million relocations within 10 s, in one block or in many", () => {
  const size = 32 * MEBI;
  const data = Array.from({ length: 95 }, (_, index) => ({
    address: 4096 * (index + 1),
    virtualSize: 4096,
    flags: WRITE,
  }));
  const address = 4096 * 96;
  const table = { address, virtualSize: size, rawSize: size, pointer: 8192 };
  const odd = {
    sections: [...data, table],
    sizeOfHeaders: 4096,
    byteLength: 8192 + size,
    directories: { 5: [address, size] as const },
  };
  const one = oddImage(odd);
  new Uint16Array(one.buffer, 8192).fill(0xaff8);
  one.set(bytesOf(4096, size), 8192);
  assertEquals(inspectSoon(one).problems, []);
  const many = oddImage(odd);
  const words = new Uint32Array(many.buffer, 8192);
  for (let at = 0, block = 0; at + 3 <= words.length; at += 3, block++) {
    words.set([4096 * (1 + block % 95), 12, 0xa000], at);
  }
  assertEquals(inspectSoon(many).problems, []);
});

Deno.test("inspectImage() reads 65,536 exports with one long name within 10 s, and keeps 100 problems", () => {
  const count = 65_536;
  const [functions, names, ordinals] = [4096, 4096 + count * 4, 4096 + count * 8];
  const text = ordinals + count * 2;
  const size = text + 8192 - 4096;
  const header = (nameCount: number) =>
    bytesOf(...[0, 0, 0, text, 1, count, nameCount, functions, names, ordinals]);
  const image = oddImage({
    sections: [{ address: 4096, virtualSize: size, rawSize: size, pointer: 512 }],
    byteLength: 512 + size,
    directories: { 0: [text + 4096, 40] },
  });
  const at = (address: number) => address - 4096 + 512;
  new Uint32Array(image.buffer, at(functions), count).fill(1);
  new Uint32Array(image.buffer, at(names), count).fill(text);
  new Uint16Array(image.buffer, at(ordinals), count).forEach((_, index, all) => all[index] = index);
  image.fill(0x78, at(text), at(text) + 4095);
  image.set(header(count), at(text) + 4096);
  assertEquals(inspectSoon(image).exports.length, count);
  image[at(text)] = 0;
  const { exports, problems } = inspectSoon(image);
  assertEquals([exports.length, problems.length], [count, 100]);
});

Deno.test("inspectImage() reads a small file that declares an image of 4 GiB", () => {
  const virtualSize = 2 ** 32 - 12_288;
  const most = 0xffff_ffff;
  const image = oddImage({
    sections: [
      { address: 4096, virtualSize: 4096, rawSize: 512, pointer: 512 },
      { address: 8192, virtualSize, flags: SHARED },
    ],
    sizeOfImage: most,
    directories: { 0: [4096, 40], 5: [8192, virtualSize] },
    parts: { 512: bytesOf(...[0, 0, 0, 0, 1, most, most, 8192, 8192, 8192]) },
  });
  const { exports, problems } = inspectSoon(image);
  // Every name and every function is at address 0.
  assertEquals([exports, problems.length], [[], 100]);
  using file = temporaryImage(image);
  // Windows does not map such a large image.
  assertThrows(() => SharedSection.load(file.path));
});

Deno.test("inspectImage() reads image sections and tables that overlap in the file", () => {
  const table = bytesOf(
    ...[0, 0, 0, 4096, 1, 10, 10, 4096, 4096, 4096],
    ...[4096, 12, [0x3000], [0x3000]] as const,
  );
  const image = oddImage({
    sections: Array.from({ length: 8 }, (_, index) => ({
      address: 4096 * (index + 1),
      virtualSize: 4096,
      rawSize: 512,
      pointer: 1024,
    })),
    sizeOfHeaders: 1024,
    parts: { 1024: table },
    directories: { 0: [4096, 4096], 5: [4096 + 40, 4096 - 40] },
    symbolsAt: 1024,
  });
  const { sections, exports, problems } = inspectSoon(image);
  assertEquals([sections.length, problems.some(({ unsafe }) => unsafe)], [8, false]);
  assertLess(exports.length, 11);
});

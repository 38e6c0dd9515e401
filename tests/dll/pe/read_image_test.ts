import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { Win32Error } from "../../../mod.ts";
import {
  buildSharedSection,
  type ImageInfo,
  inspectImage,
  SharedSection,
} from "../../../src/dll/mod.ts";
import { lostSources, notBytes } from "../../support/byte_sources.ts";
import { compileC } from "../../support/compile_c.ts";
import { mutate, random } from "./mutate.ts";
import { temporaryImage } from "./temporary_image.ts";
import { peerUrl } from "../../support/peer_url.ts";

const image = buildSharedSection({
  section: ".ASHARE",
  variables: { one: "i32", two: "f64", three: "u8" },
  machine: "x64",
});

Deno.test("inspectImage() returns the image sections and exports of an image", () => {
  const { machine, dll, sections, exports, problems } = inspectImage(image);
  assertEquals([machine, dll, problems], ["x64", true, []]);
  const own = { readable: true, writable: false, executable: false, shared: false };
  const named = (name: string) => ({ name, headerName: name });
  assertEquals(sections, [
    { ...named(".ASHARE"), address: 4096, byteLength: 24, ...own, writable: true, shared: true },
    { ...named(".edata"), address: 8192, byteLength: sections[1]!.byteLength, ...own },
    { ...named(".reloc"), address: 12_288, byteLength: 12, ...own },
  ]);
  const common = { section: ".ASHARE", forwarder: undefined };
  assertEquals(exports, [
    { name: "one", ordinal: 1, address: 4096, ...common },
    { name: "three", ordinal: 2, address: 4112, ...common },
    { name: "two", ordinal: 3, address: 4104, ...common },
  ]);
});

// `deno task test:images` reads all of them, and the compiler's libraries.
Deno.test("inspectImage() reads the system's own libraries", () => {
  const find = ({ exports }: ImageInfo, name: string) =>
    exports.find((exported) => exported.name === name);
  const kernel32 = inspectImage("C:\\windows\\system32\\kernel32.dll");
  const ntdll = inspectImage("C:\\windows\\system32\\ntdll.dll");
  assertEquals(find(kernel32, "CreateFileMappingW")?.forwarder?.startsWith("."), undefined);
  assertEquals(find(ntdll, "NtCreateSection")?.section, ".text");
  assert(ntdll.sections.every(({ shared }) => !shared));
  assertGreater(kernel32.exports.length, 500);
  const forwarded = kernel32.exports.filter(({ forwarder }) => forwarder !== undefined);
  assert(forwarded.some(({ forwarder }) => /^ntdll\.Rtl/i.test(forwarder!)));
  let read = 0;
  for (const { name } of Deno.readDirSync("C:\\windows\\system32")) {
    if (!/\.dll$/i.test(name) || read >= 200) continue;
    const { sections, problems } = inspectImage(`C:\\windows\\system32\\${name}`);
    assertGreater(sections.length, 0, name);
    assertEquals(problems.filter(({ unsafe }) => unsafe), [], name);
    read++;
  }
  assertGreater(read, 50);
});

Deno.test("inspectImage() reports each fault with its offset, and refuses what Windows refuses", () => {
  const peAt = new DataView(image.buffer).getUint32(60, true);
  const optionalAt = peAt + 24;
  const sectionsAt = optionalAt + 240;
  const exportAt = new DataView(image.buffer).getUint32(sectionsAt + 40 + 20, true);
  const relocationsAt = new DataView(image.buffer).getUint32(sectionsAt + 80 + 20, true);
  /** The offset, value and width of a change, the expected message, and the kind of the fault. */
  const cases: [number, number, 2 | 4, string, "refused" | "unsafe" | "odd"][] = [
    [0, 0, 2, '"MZ" is missing, at offset 0', "refused"],
    [60, 0xffff_fff0, 4, "the file header (24 bytes) is not within the", "refused"],
    [peAt, 0, 4, `"PE" is missing, at offset ${peAt}`, "refused"],
    [peAt + 6, 97, 2, "there are 97 image sections", "refused"],
    [peAt + 6, 4, 2, 'image section "" is empty', "refused"],
    [peAt + 20, image.length - optionalAt, 2, "the section table (40 bytes) is not", "refused"],
    [peAt + 20, 0, 2, "the optional header has only 0 bytes", "refused"],
    [peAt + 20, 0xffff, 2, "the optional header (65535 bytes) is not within", "refused"],
    [peAt + 22, 0x2020, 2, "the linker has not marked the image as executable", "odd"],
    [optionalAt, 0x107, 2, "the optional header is of an unknown kind", "refused"],
    [optionalAt + 56, 0x3000, 4, 'image section ".reloc" ends beyond the image', "refused"],
    [sectionsAt + 8, 0x1001, 4, 'image section ".edata" begins before the end of', "refused"],
    [
      sectionsAt + 16,
      0x10_0000,
      4,
      'image section ".ASHARE" (1048576 bytes) is not within',
      "refused",
    ],
    [
      sectionsAt + 20,
      0xffff_fe00,
      4,
      'image section ".ASHARE" (512 bytes) is not within',
      "refused",
    ],
    [optionalAt + 112, 0x10_0000, 4, "the export directory is at address 1048576, which", "odd"],
    [exportAt + 20, 0x1_0001, 4, "the table of exported addresses has 65537 entries", "odd"],
    [exportAt + 24, 2000, 4, "the table of exported names ends beyond its image section", "odd"],
    [exportAt + 28, 0x9000, 4, "the table of exported addresses is at address 36864, which", "odd"],
    [exportAt + 20, 1, 4, "the ordinal of three has no address", "odd"],
    [optionalAt + 112 + 44, 0x1001, 4, "the table of relocations ends beyond its", "unsafe"],
    [optionalAt + 112 + 40, 0x9000, 4, "the table of relocations is at address 36864", "unsafe"],
    [relocationsAt + 4, 0x5f00_000c, 4, "a block of relocations has 1593835532 bytes", "unsafe"],
    [relocationsAt + 4, 0, 4, "a block of relocations has 0 bytes", "unsafe"],
    [relocationsAt + 4, 9, 4, "a block of relocations has 9 bytes", "unsafe"],
    [relocationsAt + 8, 0xaffc, 2, "a relocation is at address 8188, which is in no", "unsafe"],
    [relocationsAt + 8, 0xf000, 2, "a relocation is of type 15, which does not exist", "unsafe"],
  ];
  for (const [offset, value, width, message, kind] of cases) {
    const broken = image.slice();
    const data = new DataView(broken.buffer);
    if (width === 2) data.setUint16(offset, value, true);
    else data.setUint32(offset, value, true);
    using file = temporaryImage(broken);
    if (kind === "refused") {
      assertThrows(() => inspectImage(broken), Deno.errors.InvalidData, message);
    } else {
      const found = inspectImage(broken).problems.find((problem) =>
        problem.message.startsWith(message)
      );
      assertEquals(found?.unsafe, kind === "unsafe", message);
      assert(found!.offset < broken.length);
    }
    const load = () => SharedSection.load(file.path)[Symbol.dispose]();
    if (kind === "odd") load();
    else assertThrows(load, Deno.errors.InvalidData, message);
  }
});

Deno.test("inspectImage() refuses an image without its last sector", () => {
  for (let length = 0; length < image.length; length++) {
    const read = () => inspectImage(image.slice(0, length));
    if (length <= image.length - 512) assertThrows(read, Deno.errors.InvalidData);
    else assertEquals(read().problems.length, 1);
  }
});

/**
 * Returns images of buildSharedSection() with 64 and with 32 bits, and an image of a C compiler
 * with long names and relocations.
 */
async function imagesToMutate(): Promise<Uint8Array<ArrayBuffer>[]> {
  const options = { section: ".ASHARE", variables: { hook: "i32" } } as const;
  await using dll = await compileC(peerUrl("dll/peers/hook_data.c"), {
    dll: true,
  });
  return [
    buildSharedSection(options),
    buildSharedSection({ ...options, machine: "x86" }),
    await Deno.readFile(dll.path),
  ];
}

Deno.test("inspectImage() reads 50,000 mutated images or throws InvalidData, each within 2 s", async () => {
  const below = random(0x5eed);
  const images = await imagesToMutate();
  let refused = 0;
  let slowest = 0;
  for (let round = 0; round < 50_000; round++) {
    // Most images are small, because these take less time.
    const mutated = mutate(round % 100 === 0 ? images[2]! : images[round % 2]!, below);
    const started = performance.now();
    try {
      assertLess(inspectImage(mutated).problems.length, 101);
    } catch (error) {
      if (!(error instanceof Deno.errors.InvalidData)) throw error;
      refused++;
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  assertGreater(refused, 10_000);
  assertGreater(50_000 - refused, 1_000);
  assert(slowest < 2000, `An image took ${slowest} ms`);
});

Deno.test("SharedSection loads and writes 600 mutated images or refuses them, without a crash", async () => {
  const below = random(0xd11);
  const images = await imagesToMutate();
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const loaded = [0, 0, 0];
  for (let round = 0; round < 600; round++) {
    const path = `${folder}\\${round}.dll`;
    await Deno.writeFile(path, mutate(images[round % 3]!, below));
    try {
      using section = SharedSection.load(path, { exports: { hook: "i32" } });
      section.variables.hook = round;
      section.bytes.fill(0xff);
      assertEquals(section.variables.hook, -1);
      loaded[round % 3]!++;
    } catch (error) {
      assert(error instanceof Error);
      const { InvalidData, NotFound } = Deno.errors;
      const expected = error instanceof InvalidData || error instanceof NotFound ||
        error.cause instanceof Win32Error;
      if (!expected) throw error;
    }
    await Deno.remove(path);
  }
  await Deno.remove(folder);
  for (const count of loaded) {
    assertGreater(count, 30);
    assertGreater(500 - count, 20);
  }
});

Deno.test("inspectImage() accepts every kind of bytes, and refuses other values", () => {
  const odd = new Uint8Array(image.length + 7);
  odd.set(image, 3);
  const shared = new SharedArrayBuffer(image.length);
  new Uint8Array(shared).set(image);
  const sources = [
    image.slice().buffer,
    shared,
    new Uint8Array(shared),
    new Uint16Array(image.slice().buffer),
    new DataView(odd.buffer, 3, image.length),
    odd.subarray(3, 3 + image.length),
  ];
  for (const source of sources) assertEquals(inspectImage(source), inspectImage(image));
  for (const { value, got } of [...notBytes(), ...lostSources()]) {
    if (typeof value === "string") continue;
    // @ts-expect-error: the value is not bytes
    assertThrows(() => inspectImage(value), TypeError, got);
  }
});

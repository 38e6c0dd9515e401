import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { Win32Error } from "../../../mod.ts";
import {
  buildSharedSection,
  type ImageInfo,
  inspectImage,
  SharedSection,
} from "../../../src/memory/mod.ts";
import { lostSources, notBytes } from "../../byte_sources.ts";
import { mutate, random } from "./mutate.ts";

const image = buildSharedSection({
  section: ".ASHARE",
  variables: { one: "i32", two: "f64", three: "u8" },
  machine: "x64",
});

Deno.test("inspectImage() tells sections and exports of an image", () => {
  const { machine, dll, sections, exports } = inspectImage(image);
  assertEquals([machine, dll], ["x64", true]);
  const own = { readable: true, writable: false, executable: false, shared: false };
  assertEquals(sections, [
    { name: ".ASHARE", address: 4096, byteLength: 24, ...own, writable: true, shared: true },
    { name: ".edata", address: 8192, byteLength: sections[1]!.byteLength, ...own },
    { name: ".reloc", address: 12_288, byteLength: 12, ...own },
  ]);
  const common = { section: ".ASHARE", forwarder: undefined };
  assertEquals(exports, [
    { name: "one", ordinal: 1, address: 4096, ...common },
    { name: "three", ordinal: 2, address: 4112, ...common },
    { name: "two", ordinal: 3, address: 4104, ...common },
  ]);
});

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
    assertGreater(inspectImage(`C:\\windows\\system32\\${name}`).sections.length, 0, name);
    read++;
  }
  assertGreater(read, 50);
});

Deno.test("inspectImage() says what is wrong, and where", () => {
  const peAt = new DataView(image.buffer).getUint32(60, true);
  const optionalAt = peAt + 24;
  const sectionsAt = optionalAt + 240;
  const exportAt = new DataView(image.buffer).getUint32(sectionsAt + 40 + 20, true);
  const relocationsAt = new DataView(image.buffer).getUint32(sectionsAt + 80 + 20, true);
  const cases: [number, number, 2 | 4, string][] = [
    [0, 0, 2, '"MZ" is missing, at offset 0'],
    [60, 0xffff_fff0, 4, "the file header (24 bytes) is not within its"],
    [peAt, 0, 4, `"PE" is missing, at offset ${peAt}`],
    [peAt + 6, 0, 2, "there are 0 sections"],
    [peAt + 6, 97, 2, "there are 97 sections"],
    [peAt + 6, 4, 2, 'section "" is empty'],
    [peAt + 20, image.length - optionalAt, 2, "the table of sections (40 bytes) is not within"],
    [peAt + 20, 0, 2, "the optional header has 0 bytes"],
    [peAt + 20, 0xffff, 2, "the optional header (65535 bytes) is not within"],
    [optionalAt, 0x107, 2, "the optional header is of no known kind"],
    [optionalAt + 56, 0x3000, 4, 'section ".reloc" ends beyond the image'],
    [sectionsAt + 8, 0x1001, 4, 'section ".edata" begins before the end of the one before it'],
    [sectionsAt + 16, 0x10_0000, 4, 'section ".ASHARE" (1048576 bytes) is not within'],
    [sectionsAt + 20, 0xffff_fe00, 4, 'section ".ASHARE" (512 bytes) is not within'],
    [optionalAt + 112, 0x10_0000, 4, "the export directory is at address 1048576, where"],
    [exportAt + 20, 0x1_0001, 4, "the table of exported addresses has 65537 entries"],
    [exportAt + 24, 1000, 4, "the table of exported names ends beyond its section"],
    [exportAt + 28, 0, 4, "the table of exported addresses is at address 0, where"],
    [exportAt + 20, 1, 4, "the ordinal of three has no address"],
    [optionalAt + 112 + 44, 0x1000, 4, "the table of relocations ends beyond its section"],
    [relocationsAt + 4, 0x5f00_000c, 4, "a block of relocations has 1593835532 bytes"],
    [relocationsAt + 4, 0, 4, "a block of relocations has 0 bytes"],
    [relocationsAt + 8, 0xaffc, 2, "a relocation is at address 8188, which is in no section"],
  ];
  for (const [offset, value, width, message] of cases) {
    const broken = image.slice();
    const data = new DataView(broken.buffer);
    if (width === 2) data.setUint16(offset, value, true);
    else data.setUint32(offset, value, true);
    assertThrows(() => inspectImage(broken), Deno.errors.InvalidData, message);
  }
});

Deno.test("inspectImage() takes no image that is cut short", () => {
  // What is behind the last section's bytes is padding, which a reader of exports never needs.
  for (let length = 0; length < image.length; length++) {
    assertThrows(() => inspectImage(image.slice(0, length)), Deno.errors.InvalidData);
  }
});

Deno.test("50,000 mutated images are read, or refused as InvalidData, and none takes long", () => {
  const below = random(0x5eed);
  let refused = 0;
  let slowest = 0;
  for (let round = 0; round < 50_000; round++) {
    const mutated = mutate(image, below);
    const started = performance.now();
    try {
      const { sections } = inspectImage(mutated);
      assert(sections.length > 0);
    } catch (error) {
      if (!(error instanceof Deno.errors.InvalidData)) throw error;
      refused++;
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  assertGreater(refused, 10_000);
  assertGreater(50_000 - refused, 1_000);
  assert(slowest < 2000, `one took ${slowest} ms`);
});

Deno.test("1,000 mutated images are loaded and written to, or refused, and nothing ends", async () => {
  const below = random(0xd11);
  const native = buildSharedSection({ section: ".ASHARE", variables: { one: "i32" } });
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  let loaded = 0;
  for (let round = 0; round < 1000; round++) {
    const path = `${folder}\\${round}.dll`;
    await Deno.writeFile(path, mutate(native, below));
    try {
      using section = SharedSection.load(path, { exports: { one: "i32" } });
      section.variables.one = round;
      section.bytes.fill(0xff);
      assertEquals(section.variables.one, -1);
      loaded++;
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
  assertGreater(loaded, 100);
  assertGreater(1000 - loaded, 50);
});

Deno.test("inspectImage() reads every source of bytes, and refuses what is none", () => {
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
    // @ts-expect-error: what the type checker would refuse is refused at run time too
    assertThrows(() => inspectImage(value), TypeError, got);
  }
});

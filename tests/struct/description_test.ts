import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  array,
  bits,
  bytes,
  type CaseLayout,
  struct,
  tagged,
  union,
  utf16,
  utf8,
} from "../../src/struct/mod.ts";
import {
  assertDescribable,
  checkDescription,
  type DescribedLayout,
  descriptionLengthOf,
  firstDifference,
  fnv1a,
  MAX_DESCRIPTION_LENGTH,
  parseDescription,
  writeDescription,
} from "../../src/struct/description.ts";

const PLACE = { hash: 8, length: 16, text: 64 };
const LABEL = 'channel "Local\\trades"';
const Inner = struct({ level: "i16", on: bits("u8", 3) });
const Trade = struct({
  price: "f64",
  sizes: array(array("f32", 3), 2),
  name: utf16(8),
  inner: Inner,
  list: array(Inner, 4),
  either: union({ number: "f32", text: utf8(6) }),
  raw: bytes(5),
});
const ALL: readonly DescribedLayout[] = [
  Trade,
  Inner,
  union({ a: "u8", b: "bool" }),
  tagged({ trade: Trade, inner: Inner }),
];

function deep(depth: number): string {
  return "struct{a@0:".repeat(depth) + "u8" + "}1".repeat(depth);
}

const INVALID = [
  deep(101),
  deep(5000),
  "",
  "u8",
  "struct{}0",
  "struct{a@00:u8}1",
  "struct{a@0:u8}12345678901",
  "struct{a@0:u8}1[2]",
  "struct{a@0:u8}1 ",
  "struct{a@0:u8}1struct{a@0:u8}1",
  "struct{a@0:u8:1}1",
  "struct{a@0:u8:1+}1",
  "struct{a@-1:u8}1",
  "struct{1a@0:u8}1",
  "struct{a b@0:u8}1",
  "struct{a@0:struct}1",
  "other{a@0:u8}1",
];

/** Compares two layouts as an open does: `ours` is the layout of the process that opens. */
function difference(ours: DescribedLayout, theirs: DescribedLayout): string | undefined {
  const [our, their] = [parseDescription(ours.signature), parseDescription(theirs.signature)];
  assert(our !== undefined && their !== undefined);
  return firstDifference(our, their);
}

/** Returns memory with a description: of a layout, or any text with any hash. */
function memoryWith(layout: DescribedLayout | undefined, byteLength: number = 8192): ArrayBuffer {
  const buffer = new ArrayBuffer(byteLength);
  writeDescription(buffer, PLACE, layout);
  return buffer;
}

function open(buffer: ArrayBuffer, layout: DescribedLayout | undefined): void {
  checkDescription(buffer, PLACE, { label: LABEL, of: "messages", layout });
}

function assertCorrupt(buffer: ArrayBuffer, layout: DescribedLayout | undefined): void {
  const { message } = assertThrows(() => open(buffer, layout), Deno.errors.InvalidData);
  assertMatch(message, /^The memory of the channel "Local\\trades" is corrupt: /);
}

Deno.test("A description is the text that layoutHash hashes, and it can be parsed", () => {
  for (const layout of ALL) {
    assertEquals(layout.layoutHash, fnv1a(layout.signature));
    assertMatch(layout.signature, /^[A-Za-z0-9_@:,+[\]{}]+$/);
    const rest = descriptionLengthOf(layout) - new TextEncoder().encode(layout.signature).length;
    assert(rest >= 0 && rest < 8 && descriptionLengthOf(layout) % 8 === 0);
    assertDescribable("message", layout);
    assertEquals(difference(layout, layout), undefined);
  }
  assertEquals(descriptionLengthOf(undefined), 0);
  // A hash stands in the memory of programs that exist, so it must never change.
  assertEquals(struct({ x: "f64", y: "f64" }).layoutHash, 0xa6f9_1a5e_62c4_4bd8n);
});

Deno.test("firstDifference() names the first field that differs, with its types and offsets", () => {
  const base = { id: "u32", price: "f64" } as const;
  const Base = struct(base);
  const other = (layout: DescribedLayout) => difference(Base, layout);
  assertEquals(
    other(struct({ id: "u32", price: "f32" })),
    'its field "price" is an f32 at offset 4, and not an f64 at offset 8',
  );
  assertEquals(
    other(struct(base, { pack: 4 })),
    'its field "price" is an f64 at offset 4, and not an f64 at offset 8',
  );
  assertEquals(other(struct({ id: "u32" })), 'it has no field "price" (an f64 at offset 8)');
  assertEquals(
    other(struct({ ...base, note: utf16(4) })),
    'it has one more field, "note" (a utf16[4] at offset 16)',
  );
  assertEquals(
    other(struct({ price: "f64", id: "u32" })),
    'its field 1 is "price" (an f64 at offset 0), and not "id" (a u32 at offset 0)',
  );
  assertEquals(other(struct(base, { byteLength: 64 })), "it has 64 bytes, and not 16");
  assertEquals(
    other(union({ id: "u32" })),
    "it is a union of 4 bytes, and not a struct of 16 bytes",
  );
  assertEquals(
    other(tagged({ base: Base })),
    "it is a tagged union of 24 bytes, and not a struct of 16 bytes",
  );
});

Deno.test("firstDifference() goes into structs, arrays of structs and the cases of a tag", () => {
  const outer = (inner: CaseLayout) => struct({ a: "u8", list: array(struct({ inner }), 2) });
  assertEquals(
    difference(outer(struct({ x: bits("u32", 3) })), outer(struct({ x: bits("u32", 4) }))),
    'its field "list[0].inner.x" is a u32:0+4 at offset 0, and not a u32:0+3 at offset 0',
  );
  assertEquals(
    difference(outer(struct({ x: "u32" })), outer(struct({ x: "u32" }, { byteLength: 8 }))),
    '"list[0].inner" has 8 bytes, and not 4',
  );
  assertEquals(
    difference(outer(struct({ x: "u32" })), outer(struct({ y: "u32" }))),
    'its field 1 of "list[0].inner" is "list[0].inner.y" (a u32 at offset 0), ' +
      'and not "list[0].inner.x" (a u32 at offset 0)',
  );
  assertEquals(
    difference(struct({ a: array(Inner, 2) }), struct({ a: array(Inner, 3) })),
    'its field "a" is a struct[3] of 4 bytes each at offset 0, and not a struct[2] of 4 bytes ' +
      "each at offset 0",
  );
  assertEquals(
    difference(tagged({ a: Inner }), tagged({ a: Inner, b: Inner })),
    'it has one more case, "b" (a struct of 4 bytes at offset 8)',
  );
});

Deno.test("firstDifference() finds a difference exactly if the texts differ", () => {
  const random = randomFrom(1);
  const texts = Array.from({ length: 60 }, () => randomText(random, 3));
  for (const ours of texts) {
    for (const theirs of texts) {
      const [our, their] = [parseDescription(ours), parseDescription(theirs)];
      assert(our !== undefined && their !== undefined, `${ours} ${theirs}`);
      assertEquals(firstDifference(our, their) === undefined, ours === theirs);
    }
  }
});

Deno.test("checkDescription() accepts the same layout, and says what another process has", () => {
  for (const layout of [...ALL, undefined]) open(memoryWith(layout), layout);
  const refusal = (buffer: ArrayBuffer, layout: DescribedLayout | undefined) =>
    assertThrows(() => open(buffer, layout), Deno.errors.InvalidData).message;
  assertEquals(
    refusal(memoryWith(undefined), Trade),
    `Cannot open ${LABEL}: its messages have no layout; open it without the option message`,
  );
  assertEquals(
    refusal(memoryWith(Inner), undefined),
    `Cannot open ${LABEL}: its messages have a layout, a struct of 4 bytes; give the same layout ` +
      "in the option message",
  );
  assertEquals(
    refusal(memoryWith(struct({ level: "i32" })), Inner),
    `Cannot open ${LABEL}: its messages have another layout: its field "level" is an i32 at ` +
      "offset 0, and not an i16 at offset 0",
  );
});

Deno.test("checkDescription() believes no text that is cut, too long, invalid or of another hash", () => {
  const set = (change: (data: DataView) => void) => {
    const buffer = memoryWith(Trade);
    change(new DataView(buffer));
    return buffer;
  };
  for (const layout of [Trade, Inner, undefined]) {
    assertCorrupt(set((data) => data.setUint32(PLACE.length, 0, true)), layout);
    assertCorrupt(set((data) => data.setUint32(PLACE.length, 2 ** 32 - 1, true)), layout);
    assertCorrupt(set((data) => data.setUint32(PLACE.length, 2 ** 31, true)), layout);
    assertCorrupt(
      set((data) => data.setUint32(PLACE.length, data.byteLength - PLACE.text + 1, true)),
      layout,
    );
    assertCorrupt(set((data) => data.setUint32(PLACE.length, 10, true)), layout);
    assertCorrupt(set((data) => data.setBigUint64(PLACE.hash, 0n, true)), layout);
    assertCorrupt(set((data) => data.setBigUint64(PLACE.hash, 1n, true)), layout);
    for (const byte of [0, 7, 0x1b, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xc3, 0xff]) {
      assertCorrupt(set((data) => data.setUint8(PLACE.text + 9, byte)), layout);
    }
  }
  const empty = memoryWith(undefined);
  new DataView(empty).setBigUint64(PLACE.hash, 5n, true);
  assertCorrupt(empty, undefined);
});

Deno.test("No text of a hostile process takes long, nests too deep, or gets into an error uncut", () => {
  const repeat = (text: string) =>
    text.repeat(Math.ceil(MAX_DESCRIPTION_LENGTH / text.length)).slice(0, MAX_DESCRIPTION_LENGTH);
  const hostile = [
    ..."struct{ struct{a@0: a@0: [1] } { [ a 0 9 : + u8:0+ ,".split(" ").map(repeat),
    repeat("a".repeat(1000) + "@0:u8,"),
    `struct{${"a".repeat(MAX_DESCRIPTION_LENGTH - 14)}@0:u8}1`,
    `struct{a@0:u8${"[1]".repeat(21_000)}}1`,
    `struct{a@0:${"x".repeat(60_000)}}1`,
    ...INVALID,
  ];
  for (const signature of hostile) {
    const layout = { signature, layoutHash: fnv1a(signature) };
    const buffer = memoryWith(layout, 2 * MAX_DESCRIPTION_LENGTH);
    const before = performance.now();
    for (const ours of [Trade, undefined]) {
      const { message } = assertThrows(() => open(buffer, ours), Deno.errors.InvalidData);
      assert(message.length < 1000, message);
      // deno-lint-ignore no-control-regex -- there must be none
      assert(!/[\0-\x1f\x7f-\uffff]/.test(message.replaceAll("…", "")), message);
    }
    assert(performance.now() - before < 2000, signature.slice(0, 50));
  }
  assert(parseDescription(deep(100)) !== undefined);
});

Deno.test("parseDescription() refuses every text that no layout has", () => {
  for (const text of INVALID) assertEquals(parseDescription(text), undefined, text.slice(0, 50));
  for (const { signature } of ALL) {
    for (let length = 0; length < signature.length; length++) {
      const cut = signature.slice(0, length);
      // A size that is cut within its digits is a size, too.
      const isValid = /[}][0-9]$/.test(cut) && length === signature.length - 1;
      assertEquals(parseDescription(cut) !== undefined, isValid, cut);
    }
  }
});

Deno.test("checkDescription() survives any bytes in any place of the description", () => {
  const random = randomFrom(2);
  const marks = new TextEncoder().encode("struct{a@0:u8,[]}+9_\x00\x1b\xff");
  for (let round = 0; round < 3000; round++) {
    const buffer = memoryWith(ALL[round % ALL.length], 1024);
    const bytes = new Uint8Array(buffer);
    const isFull = round % 3 === 0;
    for (let change = 0; change < 1 + random(8); change++) {
      bytes[PLACE.hash + random(isFull ? 12 : 200)] = random(2) === 0
        ? random(256)
        : marks[random(marks.length)]!;
    }
    // Half of the texts get the hash that belongs to them, so that they are parsed.
    const length = new DataView(buffer).getUint32(PLACE.length, true);
    if (round % 2 === 0 && PLACE.text + length <= buffer.byteLength) {
      const text = new TextDecoder("latin1").decode(
        bytes.subarray(PLACE.text, PLACE.text + length),
      );
      new DataView(buffer).setBigUint64(PLACE.hash, fnv1a(text), true);
    }
    for (const layout of [Trade, undefined]) {
      try {
        open(buffer, layout);
      } catch (error) {
        assert(error instanceof Deno.errors.InvalidData, String(error));
      }
    }
  }
});

Deno.test("A layout with a description that is too long or nested too deep is refused", () => {
  const many = struct(
    Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`field_${at}`, "u32"])),
  );
  assertThrows(() => assertDescribable("message", many), RangeError, "at most 65536 bytes");
  let nested: CaseLayout = struct({ a: "u8" });
  for (let depth = 0; depth < 99; depth++) nested = struct({ nested });
  assertDescribable("message", nested);
  assertThrows(
    () => assertDescribable("message", struct({ nested })),
    RangeError,
    "at most 100 structs",
  );
});

/** Returns a generator of integers below a limit, the same ones in each run. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}

/** Returns a valid text with few different parts, so that two texts are often almost equal. */
function randomText(random: (limit: number) => number, depth: number): string {
  const type = (): string => {
    const base = depth > 0 && random(3) === 0
      ? randomText(random, depth - 1)
      : ["u8", "f32", "u32:0+3", "u32:3+1"][random(4)]!;
    return base + ["", "", "[2]", "[2][3]"][random(4)]!;
  };
  const parts = Array.from(
    { length: 1 + random(2) },
    () => `${["a", "b"][random(2)]}@${random(2)}:${type()}`,
  );
  return `${["struct", "struct", "union", "tagged"][random(4)]}{${parts.join()}}${1 + random(2)}`;
}

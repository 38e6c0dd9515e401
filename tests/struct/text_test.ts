import { assertEquals, assertThrows } from "@std/assert";
import { ansi, array, struct, utf16, utf8 } from "../../src/struct/mod.ts";

const Person = struct({ wide: utf16(8), narrow: utf8(8), old: ansi(8), tags: array(ansi(4), 2) });

Deno.test("An ansi() field refuses a character that is not in the code page", () => {
  const memory = new ArrayBuffer(Person.byteLength);
  const person = Person.view(memory);
  person.old = "é €";
  const rows: [write: () => void, message: string][] = [
    [
      () => person.old = "∞",
      'Cannot write old in the system\'s code page: the encoding has no code for "∞" at 0 of "∞"',
    ],
    [() => person.old = "a＂b", 'no code for "＂" at 1'],
    [() => person.old = "\ud800", 'no code for "\\ud800" at 0'],
    [
      () => Person.write(memory, { narrow: "new", old: "８" }),
      "Cannot write old in the system's code page",
    ],
    [
      () => Person.write(memory, { narrow: "new", tags: ["a", "∞"] }),
      "Cannot write tags[1] in the system's code page",
    ],
  ];
  for (const [write, message] of rows) assertThrows(write, TypeError, message);
  // The refused texts wrote nothing.
  assertEquals(Person.read(memory), { wide: "", narrow: "", old: "é €", tags: ["", ""] });
});

Deno.test("A utf8() field refuses a lone surrogate, and a utf16() field accepts it", () => {
  const memory = new ArrayBuffer(Person.byteLength);
  const person = Person.view(memory);
  assertThrows(
    () => person.narrow = "a\udc00",
    TypeError,
    'Cannot write narrow in UTF-8: the encoding has no code for "\\udc00" at 1',
  );
  person.wide = "\ud800a";
  assertEquals(Person.read(memory).wide, "\ud800a");
});

Deno.test("A text with { terminated: false } can use its whole field, and shorter ones end with NULs", () => {
  const Terminated = struct({ wide: utf16(4), narrow: utf8(4), old: ansi(4), end: "u8" });
  const Free = struct({
    wide: utf16(4, { terminated: false }),
    narrow: utf8(4, { terminated: false }),
    old: ansi(4, { terminated: false }),
    end: "u8",
  });
  const bytes = new Uint8Array(Free.byteLength).fill(0xff);
  const full = { wide: "Spa!", narrow: "éé", old: "HWiS", end: 7 };
  Free.write(bytes, full);
  assertEquals(Free.read(bytes), full);
  assertEquals(Terminated.read(bytes), full);
  Free.write(bytes, Free.read(bytes));
  assertEquals(Free.read(bytes), full);
  assertThrows(() => Terminated.write(bytes, full), RangeError, "at most 3 code units, got 4");
  assertThrows(() => Free.write(bytes, { wide: "Monza" }), RangeError, "at most 4 code units");
  assertThrows(() => Free.write(bytes, { narrow: "ééé" }), RangeError, "at most 4 bytes, got 6");
  // A text that was cut within a character.
  const cut = Uint8Array.of(0x61, 0x62, 0x63, 0xc3);
  const Cut = struct({ text: utf8(4, { terminated: false }) });
  assertEquals(Cut.read(cut).text, "abc\ufffd");
  assertThrows(() => Cut.write(cut, Cut.read(cut)), RangeError, "at most 4 bytes, got 6");
  Free.write(bytes, { wide: "a", narrow: "b", old: "c" });
  assertEquals([...bytes.subarray(0, 16)], [
    0x61,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0x62,
    0,
    0,
    0,
    0x63,
    0,
    0,
    0,
  ]);
  Free.write(bytes, { wide: "" });
  assertEquals(Free.read(bytes), { wide: "", narrow: "b", old: "c", end: 7 });
  // Both are the same memory, and the same declaration in C.
  assertEquals(Free.layoutHash, Terminated.layoutHash);
  assertEquals(Free.toC("Texts"), Terminated.toC("Texts"));
  assertEquals(struct({ a: utf8(1, { terminated: false }) }).byteLength, 1);
  assertThrows(() => utf8(0, { terminated: false }), RangeError, "the length of a text to be");
});

Deno.test("utf16.read(), utf8.read() and ansi.read() read a text up to its NUL or the end", () => {
  const narrow = Uint8Array.of(0x48, 0x69, 0, 0x78);
  const wide = Uint8Array.of(0, 0x48, 0, 0x69, 0, 0, 0, 0x78);
  const rows: [read: () => string, expected: string][] = [
    [() => utf8.read(narrow), "Hi"],
    [() => utf8.read(narrow.subarray(0, 2)), "Hi"],
    [() => utf8.read(narrow.buffer), "Hi"],
    [() => utf8.read({ bytes: narrow }), "Hi"],
    [() => utf8.read(new DataView(narrow.buffer, 3)), "x"],
    [() => utf8.read(new Uint8Array(0)), ""],
    [() => utf8.read(Uint8Array.of(0x41, 0xff)), "A\ufffd"],
    [() => ansi.read(narrow), "Hi"],
    [() => ansi.read(narrow.subarray(2)), ""],
    [() => ansi.read(Uint8Array.of(0xe9)), "é"],
    [() => utf16.read(wide.subarray(1)), "Hi"],
    [() => utf16.read(Uint16Array.of(0x3d8, 0xd834, 0xdd1e)), "Ϙ𝄞"],
    // The lower byte of a code unit can be 0, and half a code unit at the end is left out.
    [() => utf16.read(Uint8Array.of(0, 1, 0x41, 0, 0x42)), "\u0100A"],
    [() => utf16.read(new SharedArrayBuffer(4)), ""],
  ];
  for (const [read, expected] of rows) assertEquals(read(), expected);
  const gone = new Uint8Array(4);
  gone.buffer.transfer();
  assertThrows(() => utf8.read(gone), TypeError, "Expected the text's memory to be bytes");
  // @ts-expect-error: a string is not bytes
  assertThrows(() => utf16.read("Hi"), TypeError, "Expected the text's memory to be bytes");
});

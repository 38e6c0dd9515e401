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

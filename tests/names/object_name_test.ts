import { assertEquals, assertThrows } from "@std/assert";
import { objectName } from "../../src/names.ts";

Deno.test("objectName() adds Local\\ to a bare name", () => {
  assertEquals(objectName("a name, ünusual"), "Local\\a name, ünusual");
});

Deno.test("objectName() keeps names that begin with Local\\ or Global\\", () => {
  for (const name of ["Local\\a", "Global\\a"]) assertEquals(objectName(name), name);
});

Deno.test("objectName() refuses invalid names", () => {
  for (const name of ["", "Local\\", "Global\\"]) {
    assertThrows(() => objectName(name), TypeError, "got an empty one");
  }
  for (
    const name of ["a\\b", "\\a", "local\\a", "Session\\1\\a", "Global\\a\\b", "Local\\Local\\a"]
  ) {
    assertThrows(() => objectName(name), TypeError, `no backslash except in "Local\\"`);
  }
  assertThrows(() => objectName("a\0"), TypeError, "without a NUL");
  for (const name of [undefined, null, 5, {}, Symbol("a")]) {
    // @ts-expect-error: the wrong type must be refused at run time too
    assertThrows(() => objectName(name), TypeError, "Expected name to be a string");
  }
});

Deno.test("objectName() allows at most 260 characters, with the prefix", () => {
  assertEquals(objectName("a".repeat(254)).length, 260);
  assertThrows(() => objectName("a".repeat(255)), RangeError, "at most 260 characters");
  assertEquals(objectName(`Global\\${"a".repeat(253)}`).length, 260);
  assertThrows(() => objectName(`Global\\${"a".repeat(254)}`), RangeError);
});

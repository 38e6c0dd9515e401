import { assertThrows } from "@std/assert";
import { assertInteger, assertOneOf, assertString } from "../../ffi/arguments.ts";

Deno.test("assertInteger() accepts the integers within its range", () => {
  for (const value of [1, 2, 3]) assertInteger("size", value, 1, 3);
  assertInteger("size", Number.MAX_SAFE_INTEGER, 0);
});

Deno.test("assertInteger() throws an error with the name, the range and the value", () => {
  for (const value of [0, 4, 1.5, NaN, Infinity, 2 ** 53]) {
    const text = `Expected size to be an integer from 1 to 3, got ${value}`;
    assertThrows(() => assertInteger("size", value, 1, 3), RangeError, text);
  }
  const kinds = [["1", '"1"'], [1n, "1n"], [null, "null"], [{}, "an object"], [eval, "a function"]];
  for (const [value, shown] of kinds) {
    const text = `Expected size to be a number, got ${shown}`;
    assertThrows(() => assertInteger("size", value, 1, 3), TypeError, text);
  }
});

Deno.test("assertOneOf() and assertString() throw errors with the name and the value", () => {
  assertOneOf("access", "read", ["read", "write"]);
  assertThrows(
    () => assertOneOf("access", "none", ["read", "write"]),
    TypeError,
    'Expected access to be one of "read", "write", got "none"',
  );
  assertString("name", "");
  assertThrows(() => assertString("name", 5), TypeError, "Expected name to be a string, got 5");
});

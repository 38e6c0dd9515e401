import { assertEquals, assertThrows } from "@std/assert";
import {
  anyValue,
  assertBoolean,
  assertFunction,
  assertOptions,
  assertSignal,
  assertString,
  integerFrom,
  oneOf,
  pickOptions,
} from "../../ffi/arguments.ts";

interface Options {
  title?: string;
  hidden?: boolean;
  onMessage?: () => void;
  signal?: AbortSignal;
  data?: unknown;
}

const CHECKS = {
  title: assertString,
  hidden: assertBoolean,
  onMessage: assertFunction,
  signal: assertSignal,
  data: anyValue,
};

function check(options: unknown): void {
  assertOptions(options as Options, CHECKS);
}

Deno.test("assertOptions() accepts options of the right kinds, and undefined for each option", () => {
  check({});
  check({ title: "", hidden: false, onMessage: () => {}, signal: AbortSignal.abort(), data: 1 });
  check({ title: undefined, signal: undefined });
  check(Object.create({ title: "inherited" }));
});

Deno.test("assertOptions() names the option that has the wrong kind", () => {
  const wrong: [unknown, string][] = [
    [{ title: 5 }, "Expected title to be a string, got 5"],
    [{ title: null }, "Expected title to be a string, got null"],
    [{ hidden: "yes" }, 'Expected hidden to be a boolean, got "yes"'],
    [{ onMessage: {} }, "Expected onMessage to be a function, got an object"],
    [{ signal: 5 }, "Expected signal to be an AbortSignal, got 5"],
    [Object.create({ title: 5 }), "Expected title to be a string, got 5"],
    [5, "Expected the options to be an object, got 5"],
    [null, "Expected the options to be an object, got null"],
  ];
  for (const [options, text] of wrong) assertThrows(() => check(options), TypeError, text);
});

Deno.test("assertOptions() suggests the option whose name is closest to a misspelt name", () => {
  const close = [["tittle", "title"], ["onmessage", "onMessage"], ["Signal", "signal"]] as const;
  for (const [name, meant] of close) {
    const text = `There is no option "${name}": did you mean "${meant}"?`;
    assertThrows(() => check({ [name]: undefined }), TypeError, text);
  }
  const text = 'There is no option "byteLength": the options are title, hidden, onMessage, signal';
  assertThrows(() => check({ byteLength: 5 }), TypeError, text);
  assertThrows(() => check({ constructor: 5 }), TypeError, 'There is no option "constructor"');
});

Deno.test("pickOptions() copies only the given options that the called function has", () => {
  const options = { title: "a", hidden: undefined, signal: undefined, data: 0 };
  assertEquals(pickOptions(options, { title: assertString, hidden: assertBoolean }), {
    title: "a",
  });
  assertEquals(pickOptions(options, { data: anyValue }), { data: 0 });
  assertEquals(pickOptions(options, {}), {});
  const inherited: { title?: string } = Object.create({ title: "b" });
  assertEquals(pickOptions(inherited, { title: assertString }), { title: "b" });
});

Deno.test("oneOf() and integerFrom() make checks whose errors name the option", () => {
  assertThrows(
    () => oneOf(["a", "b"])("kind", "c"),
    TypeError,
    'Expected kind to be one of "a", "b", got "c"',
  );
  assertThrows(
    () => integerFrom(1, 5)("count", 6),
    RangeError,
    "Expected count to be an integer from 1 to 5, got 6",
  );
  oneOf(["a"])("kind", "a");
  integerFrom(1)("count", 2 ** 40);
});

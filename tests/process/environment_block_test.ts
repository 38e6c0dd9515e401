import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertEnvironment, environmentBlock } from "../../src/process/environment_block.ts";

/** The variables of a block, which ends with two NULs. */
function read(block: Uint16Array): string[] {
  const text = String.fromCharCode(...block);
  assert(text.endsWith("\0\0"));
  return text.slice(0, -2).split("\0").filter(Boolean);
}

Deno.test("environmentBlock() sorts by name, whatever its case, and what comes later wins", () => {
  const env = { b: "2", A: "1", _: "4", a_: "5", C: "=3=", B: "two" };
  assertEquals(read(environmentBlock(env, true)), ["A=1", "a_=5", "B=two", "C==3=", "_=4"]);
  assertEquals(read(environmentBlock({}, true)), []);
});

Deno.test("environmentBlock() has this process's variables unless told otherwise", () => {
  const all = read(environmentBlock({ SYSTEMROOT: "elsewhere", WINIPC_NEW: "" }, false));
  const names = all.map((variable) => variable.slice(0, variable.indexOf("=", 1)).toUpperCase());
  assertEquals(names, names.toSorted());
  assert(all.includes("SYSTEMROOT=elsewhere") && all.includes("WINIPC_NEW="));
  assert(names.includes("PATH"));
  assertEquals(new Set(names).size, names.length);
});

Deno.test("assertEnvironment() refuses what is no variable", () => {
  for (const [name, value] of [["", "a"], ["a=b", "c"], ["a\0", "b"], ["a", "b\0"]] as const) {
    assertThrows(
      () => assertEnvironment("env", { [name]: value }),
      TypeError,
      "Expected an environment",
    );
  }
});

Deno.test("assertEnvironment() takes the longest name and value, and no longer ones", () => {
  const longest = "n".repeat(32_766);
  assertEquals(read(environmentBlock({ [longest]: longest }, true)), [`${longest}=${longest}`]);
  for (const [env, what] of [[{ [`${longest}n`]: "" }, "name"], [{ a: `${longest}n` }, "value"]]) {
    assertThrows(
      () => assertEnvironment("env", env),
      RangeError,
      `Expected the ${what} of an environment variable to have at most 32766 characters, got 32767`,
    );
  }
});

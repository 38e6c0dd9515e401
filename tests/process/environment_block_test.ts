import { assert, assertEquals, assertThrows } from "@std/assert";
import { createProcess } from "../../ffi/create_process.ts";
import { environmentStrings, exitCodeOf } from "../../ffi/process_thread.ts";
import { toUnits } from "../../ffi/wide.ts";
import { decodeText } from "../../src/messages/encoding.ts";
import { assertEnvironment, environmentBlock, toCommandLine } from "../../src/process/program.ts";
import { spawn } from "../../src/process/mod.ts";
import { waitAny } from "../../src/sync/mod.ts";

/** Reads the variables of a block, which must end with two NULs. */
function read(block: Uint16Array): string[] {
  const text = String.fromCharCode(...block);
  assert(text.endsWith("\0\0"));
  return text.slice(0, -2).split("\0").filter(Boolean);
}

Deno.test("environmentBlock() ignores case when it sorts names, and keeps the last value of a name", () => {
  const env = { b: "2", A: "1", _: "4", a_: "5", C: "=3=", B: "two" };
  assertEquals(read(environmentBlock(env, true)), ["A=1", "a_=5", "b=two", "C==3=", "_=4"]);
  assertEquals(read(environmentBlock({}, true)), []);
});

Deno.test("environmentBlock() compares names by the same rules as Windows", async () => {
  const env = { STRASSE: "a", straße: "b", STRAßE: "c", ÿ: "d", Ÿ: "e", µ: "f", Μ: "g" };
  const expected = ["STRASSE=a", "straße=c", "µ=f", "ÿ=e", "Μ=g"];
  assertEquals(read(environmentBlock(env, true)), expected);
  const args = ["/d", "/u", "/c", "set"];
  await using child = spawn("cmd", { args, env, clearEnv: true, stdout: "piped" });
  // Deno.Command gets each variable once, because it does not keep their order.
  const once = { STRASSE: "a", straße: "c", ÿ: "e", µ: "f", Μ: "g" };
  const { stdout } = await new Deno.Command("cmd", { args, env: once, clearEnv: true }).output();
  for (const bytes of [(await child.output()).stdout, stdout]) {
    const lines = decodeText(bytes, "utf-16le").split("\r\n");
    const found = lines.filter((line) => /=[a-g]$/.test(line));
    // cmd lists the variables in another order.
    assertEquals(found.toSorted(), expected.toSorted());
  }
});

Deno.test("environmentBlock() replaces a variable of this process only if the names are equal to Windows", async () => {
  const peer = "import { spawn } from './src/process/mod.ts';" +
    "const child = spawn('cmd', { args: ['/d', '/u', '/c', 'set'], env: { straße: 'child', ÜBER: 'child' } });" +
    "await child.status;";
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", peer],
    env: { STRASSE: "parent", über: "parent" },
  }).output();
  const lines = decodeText(stdout, "utf-16le").split("\r\n");
  const found = lines.filter((line) => /=(parent|child)$/.test(line));
  // cmd sorts by the rules of a language, where "ß" and "ss" can be equal, so their order is not
  // fixed.
  assertEquals(found.toSorted(), ["STRASSE=parent", "straße=child", "über=child"]);
});

Deno.test("environmentBlock() contains this process's variables by default", () => {
  const all = read(environmentBlock({ SYSTEMROOT: "elsewhere", WINIPC_NEW: "" }, false));
  const names = all.map((variable) => variable.slice(0, variable.indexOf("=", 1)).toUpperCase());
  assertEquals(names, names.toSorted());
  assert(all.some((variable) => /^systemroot=elsewhere$/i.test(variable)));
  assert(all.includes("WINIPC_NEW="));
  assert(names.includes("PATH"));
  assertEquals(new Set(names).size, names.length);
});

Deno.test("environmentBlock() drops texts of this process's environment that are not variables", async () => {
  const peer = "import { environmentBlock } from './src/process/program.ts';" +
    "const text = String.fromCharCode(...environmentBlock({}, false));" +
    "Deno.exit(text.includes('WINIPC_NONE') || !text.includes('\\0SystemRoot=') ? 1 : 42);";
  const { process } = createProcess({
    path: Deno.execPath(),
    commandLine: toCommandLine(Deno.execPath(), ["eval", peer]),
    environment: toUnits(["WINIPC_NONE", ...environmentStrings(), "\0"].join("\0")),
    directory: undefined,
    standard: [],
    inherited: [],
    killWithParent: false,
  });
  using ended = process;
  await waitAny([{ unsafeHandle: ended.value }]);
  assertEquals(exitCodeOf(ended), 42);
});

Deno.test("assertEnvironment() refuses invalid names and values", () => {
  for (const [name, value] of [["", "a"], ["a=b", "c"], ["a\0", "b"], ["a", "b\0"]] as const) {
    assertThrows(
      () => assertEnvironment("env", { [name]: value }),
      TypeError,
      "Expected an environment",
    );
  }
});

Deno.test("assertEnvironment() accepts the longest name and value, and refuses longer ones", () => {
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

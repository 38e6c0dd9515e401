import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { environmentVariable, MAX_VARIABLE } from "../../ffi/process_thread.ts";

Deno.test("environmentVariable() reads what Windows has, without a permission", () => {
  assertMatch(environmentVariable("SystemRoot") ?? "", /^[A-Z]:\\/i);
  assertEquals(environmentVariable("systemroot"), environmentVariable("SYSTEMROOT"));
  assertEquals(environmentVariable(`WINIPC_${crypto.randomUUID()}`), undefined);
  assertThrows(() => environmentVariable("a\0b"), TypeError);
});

Deno.test("environmentVariable() takes the longest name, and no longer one", () => {
  assertEquals(environmentVariable("N".repeat(MAX_VARIABLE)), undefined);
  assertThrows(
    () => environmentVariable("N".repeat(MAX_VARIABLE + 1)),
    RangeError,
    "at most 32766",
  );
  // @ts-expect-error: what the type checker refuses is refused at run time too
  assertThrows(() => environmentVariable(5), TypeError, "Expected name to be a string");
});

Deno.test("environmentVariable() reads a value that is longer than any that can be set", async () => {
  const module = new URL("../../ffi/process_thread.ts", import.meta.url).href;
  const code = `import { environmentVariable } from ${JSON.stringify(module)};
    console.log(environmentVariable("WINIPC_LONG").length);`;
  const value = "v".repeat(MAX_VARIABLE + 1);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-ffi", `data:text/typescript,${encodeURIComponent(code)}`],
    env: { WINIPC_LONG: value },
    stderr: "inherit",
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), `${value.length}`);
});

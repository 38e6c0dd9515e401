import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { environmentVariable, MAX_VARIABLE } from "../../ffi/process_thread.ts";

Deno.test("environmentVariable() reads variables of Windows without a permission", () => {
  assertMatch(environmentVariable("SystemRoot") ?? "", /^[A-Z]:\\/i);
  assertEquals(environmentVariable("systemroot"), environmentVariable("SYSTEMROOT"));
  assertEquals(environmentVariable(`WINIPC_${crypto.randomUUID()}`), undefined);
  assertThrows(() => environmentVariable("a\0b"), TypeError);
});

Deno.test("environmentVariable() accepts a name of the maximum length and refuses a longer name", () => {
  assertEquals(environmentVariable("N".repeat(MAX_VARIABLE)), undefined);
  assertThrows(
    () => environmentVariable("N".repeat(MAX_VARIABLE + 1)),
    RangeError,
    "at most 32766",
  );
  // @ts-expect-error: the wrong type must be refused at run time too
  assertThrows(() => environmentVariable(5), TypeError, "Expected name to be a string");
});

Deno.test("environmentVariable() reads a value that is longer than the maximum for setting", async () => {
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

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

/** Runs the example with the permissions that it names, and no others. */
async function run(...args: string[]) {
  const script = new URL("../../examples/inherited_memory.ts", import.meta.url).href;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    // Deno is started by its path, so its name alone does not grant that.
    args: ["run", "--no-prompt", "--allow-ffi", "--allow-run", script, ...args],
    signal: AbortSignal.timeout(60_000),
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err };
}

Deno.test("examples/inherited_memory.ts counts primes by children that inherit its memory", async () => {
  const { code, out, err } = await run("--below", "20000", "--children", "2");
  assertEquals([code, err], [0, ""]);
  // Every even number but 2 is in the share of the first child.
  assertStringIncludes(out, "There are 2262 primes below 20000: 1 + 2261");
});

Deno.test("examples/inherited_memory.ts says how it is used", async () => {
  const { code, out } = await run("--help");
  assertEquals(code, 0);
  assertMatch(out, /^Usage:/);
});

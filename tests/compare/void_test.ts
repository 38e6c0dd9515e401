// Task: test:compare Its pairs spin on all processors.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../bench/compare/main.ts";
import { EVERYONE } from "../../bench/compare/plan.ts";
import type { Prepare } from "../../bench/compare/prepare.ts";
import { denoCommand } from "./support/deno_command.ts";

/** Runs a comparison whose only pair is that of a script in tests/compare/peers. */
async function compareWith(script: string) {
  const missing = new Map(
    EVERYONE.filter((by) => by !== "node-net").map((by) => [by, "not part of the test"]),
  );
  const prepare: Prepare = () =>
    Promise.resolve({
      missing,
      versions: {},
      commandOf: () => denoCommand(script),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    using errors = collectErrors();
    const code = await main(["--quick", "--to", folder], prepare);
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
    return { code, said: errors.lines.join("\n"), files };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Collects the arguments of `console.error()` until it is disposed of. */
function collectErrors(): Disposable & { readonly lines: readonly string[] } {
  const { error } = console;
  const lines: string[] = [];
  console.error = (line: string) => void lines.push(line);
  return { lines, [Symbol.dispose]: () => void (console.error = error) };
}

Deno.test("compare is void if an end damages a frame, and names the way and the frame", async () => {
  const { code, said, files } = await compareWith("damaging_end.ts");
  assertEquals([code, files], [1, []]);
  assertStringIncludes(said, "void");
  assertStringIncludes(said, "pipe-bytes");
  assertStringIncludes(said, "frame 3 ");
});

Deno.test("compare is void if an end is killed in the middle", async () => {
  const { code, said, files } = await compareWith("dying_end.ts");
  assertEquals([code, files], [1, []]);
  assertStringIncludes(said, "pipe-bytes");
  assertMatch(said, /(trips|stream) at 64 B/);
  assertStringIncludes(said, "the far end ended with exit code");
});

Deno.test("compare succeeds with an end without a fault, and names what is missing", async () => {
  const { code, said, files } = await compareWith("honest_end.ts");
  assertEquals([code, files.toSorted()], [0, ["RESULTS.md", "results"]], said);
});

Deno.test("compare refuses options that it does not know, or that exclude each other", async () => {
  using errors = collectErrors();
  const prepare: Prepare = () => Promise.reject(new Error("Expected no measurement"));
  for (const args of [["--fast"], ["--quick", "--all"], ["--seed", "-1"], ["--seed", "x"]]) {
    assertEquals(await main(args, prepare), 1);
  }
  assertEquals(errors.lines.length, 4);
  assertEquals(errors.lines.filter((line) => line.includes("Expected no measurement")), []);
});

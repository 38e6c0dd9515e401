// What `deno task test:docs` does not see: an example that it takes for text.

import { assertEquals, assertGreater } from "@std/assert";

const root = new URL("../../", import.meta.url);

/** Gives the files of the folders that are published, and mod.ts. */
async function* sources(folder = ""): AsyncGenerator<string> {
  if (folder === "") {
    yield "mod.ts";
    yield* sources("src/");
    yield* sources("ffi/");
    return;
  }
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) yield* sources(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

/** Gives the lines of a file, by number, whose `@example` has no block of code before the next tag. */
function examplesWithoutCode(text: string): number[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (!/^\s*\* @example\b/.test(line)) return [];
    const after = lines.slice(index + 1);
    const end = after.findIndex((line) => /^\s*\*(\/| @)/.test(line));
    return after.slice(0, end).some((line) => /^\s*\* ```ts( ignore)?$/.test(line))
      ? []
      : [index + 1];
  });
}

Deno.test("Every example of a docstring is a block of code, which the test of examples runs", async () => {
  const found: string[] = [];
  let examples = 0;
  for await (const path of sources()) {
    const text = await Deno.readTextFile(new URL(path, root));
    examples += text.match(/^\s*\* @example\b/gm)?.length ?? 0;
    found.push(...examplesWithoutCode(text).map((line) => `${path}:${line}`));
  }
  assertEquals(found, []);
  assertGreater(examples, 0);
});

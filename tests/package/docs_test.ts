// Task: test:package

/**
 * The parts of the documentation that `deno task test:docs` and `deno doc --lint` do not check.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";

const root = new URL("../../", import.meta.url);

/** Yields the paths of mod.ts and of all files in the published folders. */
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

/** A tag of a docstring. */
interface Tag {
  /** The line of the tag, from 1. */
  readonly line: number;
  /** The lines of the tag without the leading ` * `, up to the next tag or the docstring's end. */
  readonly lines: readonly string[];
}

/** Returns all tags with a name, such as `param`, in the docstrings of a file. */
function tagsOf(text: string, name: string): Tag[] {
  const lines = text.split(/\r?\n/);
  const tag = new RegExp(`^\\s*(?:/\\*)?\\* @${name}\\b`);
  return lines.flatMap((line, index) => {
    if (!tag.test(line)) return [];
    const after = lines.slice(index + 1);
    const end = line.includes("*/") ? 0 : after.findIndex((line) => /^\s*\*(\/| @)/.test(line));
    const all = [line, ...after.slice(0, end)];
    return [{ line: index + 1, lines: all.map((line) => line.replace(/^\s*(?:\/\*)?\* ?/, "")) }];
  });
}

/** Checks each tag with a name, and returns the places of those for which `isWrong` is true. */
async function wrongTags(name: string, isWrong: (tag: Tag) => boolean): Promise<string[]> {
  const wrong: string[] = [];
  let count = 0;
  for await (const path of sources()) {
    const tags = tagsOf(await Deno.readTextFile(new URL(path, root)), name);
    count += tags.length;
    wrong.push(...tags.filter(isWrong).map(({ line }) => `${path}:${line}`));
  }
  assertGreater(count, 10, `The sources have only ${count} tags @${name}`);
  return wrong;
}

Deno.test("Each @example in src, ffi and mod.ts has a block of code, which test:docs runs", async () => {
  const hasCode = ({ lines }: Tag) => lines.some((line) => /^```ts( ignore)?$/.test(line));
  assertEquals(await wrongTags("example", (tag) => !hasCode(tag)), []);
});

/** Returns the words after the name of a `@param` tag. */
function wordsOf({ lines }: Tag): string[] {
  const text = lines.join(" ").replace(/\s*\*\/$/, "");
  return text.replace(/^@param\s+(?:\{[^}]*\}\s*)?\S+/, "").split(/\s+/).filter(Boolean);
}

Deno.test("Each @param in src, ffi and mod.ts has more than three words after its name", async () => {
  assertEquals(await wrongTags("param", (tag) => wordsOf(tag).length <= 3), []);
});

/** The part of the output of `deno doc --json` that this test uses. */
interface Docs {
  readonly version: number;
  readonly nodes: Readonly<Record<string, { readonly symbols: readonly DocSymbol[] }>>;
}

/** An exported name. An overloaded function has several declarations. */
interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] };
  }[];
}

/** Returns the exported names of a module. */
async function exportsOf(path: string): Promise<readonly DocSymbol[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", path],
    cwd: root,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  const { version, nodes }: Docs = JSON.parse(decoder.decode(stdout));
  assertEquals(version, 2, "deno doc has a new format, which this test has to read");
  // A module that exports nothing, such as ./testing, has no node.
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}

Deno.test("Each exported class and function of each export in deno.json has an @example", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const without: string[] = [];
  let count = 0;
  for (const [name, path] of Object.entries<string>(exports)) {
    for (const symbol of await exportsOf(path)) {
      const kinds = symbol.declarations.map(({ kind }) => kind);
      // A reference would hide the kind of the symbol, and its docstring.
      assert(!kinds.includes("reference"), `${name}: ${symbol.name}`);
      if (!kinds.some((kind) => kind === "class" || kind === "function")) continue;
      count++;
      const tags = symbol.declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? []);
      if (!tags.some(({ kind }) => kind === "example")) without.push(`${name}: ${symbol.name}`);
    }
  }
  assertGreater(count, 100, "deno doc found few classes and functions");
  assertEquals(without, []);
});

Deno.test("examples/README.md links each script in examples/, and only what exists", async () => {
  const folder = new URL("examples/", root);
  const text = await Deno.readTextFile(new URL("README.md", folder));
  const links = new Set(text.matchAll(/\]\(([^)]+)\)/g).map(([, link]) => link!));
  const scripts: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name.endsWith(".ts")) scripts.push(name);
  assertGreater(scripts.length, 0);
  assertEquals(scripts.filter((name) => !links.has(name)), []);
  for (const link of links) {
    const { isFile, isDirectory } = await Deno.stat(new URL(link, folder));
    assert(link.endsWith("/") ? isDirectory : isFile, `${link} is of another kind`);
  }
});

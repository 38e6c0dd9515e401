import { assertEquals } from "@std/assert";
import * as winipc from "../../mod.ts";
import * as messages from "../../src/messages/mod.ts";
import { callRightly, callWrongly } from "./call.ts";
import { instanceRows } from "./instance_rows.ts";
import { plainRows } from "./plain_rows.ts";
import { TAKES_NOTHING } from "./takes_nothing.ts";

const onWindows = Deno.build.os === "windows";
const root = new URL("../../", import.meta.url);

/**
 * Returns the full names of the static and instance methods of a class, or the name of a function.
 */
function functionsOf(name: string, value: object): string[] {
  const named = (owner: object) =>
    Object.entries(Object.getOwnPropertyDescriptors(owner))
      .filter(([key, { value }]) => typeof value === "function" && key !== "constructor")
      .map(([key]) => `${name}.${key}`);
  if (!/^class\b/.test(String(value))) return [name];
  const prototype: unknown = Reflect.get(value, "prototype");
  return [...named(value), ...(prototype instanceof Object ? named(prototype) : [])];
}

Deno.test("Each public interface of options has its checks in the same file", () => {
  const modules = ["channel", "instance", "memory", "pipe", "process", "rpc", "sync"].map((name) =>
    `src/${name}/`
  );
  const sources = modules.flatMap((folder) => [...filesUnder(new URL(folder, root))]).map((url) =>
    Deno.readTextFileSync(url)
  );
  sources.push(Deno.readTextFileSync(new URL("src/wait/options.ts", root)));
  const names = modules.flatMap((folder) =>
    Deno.readTextFileSync(new URL(`${folder}mod.ts`, root)).match(/\w+Options\b/g) ?? []
  );
  const missing = [...new Set(names)].filter((name) =>
    !sources.some((text) => text.includes(`interface ${name}`) && hasChecks(text, name))
  );
  assertEquals(missing, []);
});

function hasChecks(text: string, name: string): boolean {
  return new RegExp(`: OptionChecks<${name}\\b`).test(text);
}

function* filesUnder(folder: URL): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* filesUnder(url);
    else yield url;
  }
}

Deno.test("Public functions refuse wrong kinds and misspelt options before they open anything", async () => {
  for (const row of plainRows()) await callWrongly(row);
});

if (onWindows) {
  const { assertLeavesNoHandle } = await import("../support/leak.ts");

  Deno.test("Each public function with parameters has a row", async () => {
    using stack = new DisposableStack();
    const rows = [...plainRows(), ...await instanceRows(stack)];
    const known = new Set([...rows.map(({ name }) => name), ...TAKES_NOTHING]);
    const all = Object.entries(winipc).flatMap(([name, value]) =>
      name in messages || typeof value !== "function" ? [] : functionsOf(name, value)
    );
    assertEquals(all.filter((name) => !known.has(name)), []);
  });

  Deno.test("Public functions leave no handles after wrong arguments, and then accept right arguments", async () => {
    using stack = new DisposableStack();
    const rows = [...plainRows(), ...await instanceRows(stack)];
    await assertLeavesNoHandle(1, async () => {
      for (const row of rows) {
        await callWrongly(row);
        await callRightly(row);
      }
    });
  });
}

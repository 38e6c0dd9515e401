// Task: test:package

import { assert, assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url);

/** A module, as `deno info --json` describes it. */
interface Module {
  readonly specifier: string;
}

Deno.test("The library depends on no package, not even by the import of a type", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const found: string[] = [];
  for (const [name, path] of Object.entries<string>(exports)) {
    // The command has the packages of its words and colours.
    if (name === "./cli") continue;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", new URL(path, root).href],
    }).output();
    assertEquals(code, 0);
    const { modules, npmPackages } = JSON.parse(new TextDecoder().decode(stdout));
    assert(modules.length > 5, `${name} has ${modules.length} modules`);
    assertEquals(npmPackages, {}, name);
    found.push(...modules.map(({ specifier }: Module) => specifier));
  }
  // What Deno itself has is no package.
  assertEquals(found.filter((url) => !url.startsWith(root.href) && !url.startsWith("node:")), []);
});

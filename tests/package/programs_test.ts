// Task: test:package
//
// The programs of threads, which `deno task threads` makes.
// Alone: the first deno bundle downloads esbuild from npm, which two processes must not do at once.

import { assertEquals } from "@std/assert";
import { FOLDERS, makeProgram } from "../../tools/make_threads.ts";

const root = new URL("../../", import.meta.url);
const npm = JSON.parse(
  await Deno.readTextFile(new URL("tools/winedeno.d/package.json", root)),
);
/** Other versions of Deno can bundle differently. */
const isPinned = npm.dependencies["@deno/win32-x64"] === Deno.version.deno;

for (const folder of FOLDERS) {
  Deno.test({
    name: `${folder}/worker_program.ts is the bundle of worker.ts; if not, run deno task threads`,
    ignore: !isPinned,
    fn: async () => {
      const text = await Deno.readTextFile(new URL(`${folder}/worker_program.ts`, root));
      assertEquals(text.replaceAll("\r\n", "\n"), await makeProgram(folder));
    },
  });
}

Deno.test("No module finds another one by its URL, which a bundled script does not have", async () => {
  for (const folder of ["ffi/", "src/"]) {
    for await (const path of modulesIn(folder)) {
      const text = await Deno.readTextFile(new URL(path, root));
      assertEquals(text.match(/import\.meta\.(resolve|url)/g), null, path);
    }
  }
});

/** Yields the paths of the modules in a folder and in its subfolders. */
async function* modulesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) yield* modulesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

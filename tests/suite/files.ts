/** The files of tests that run together in one process: enough that its start matters little. */
const MAX_FILES = 4;

/** Groups of files; each group is run by a process of its own. */
export interface Groups {
  /** Groups that may run beside one another. */
  sideBySide: string[][];
  /** Groups that run when nothing else does. */
  alone: string[][];
}

/**
 * Finds the tests in files and folders. In folders, a file with a line "// Task: NAME" is left out: that
 * task runs it.
 *
 * @throws {Deno.errors.NotFound} If a path is none, or there is no test under it.
 */
export async function collectTests(paths: readonly string[]): Promise<Groups> {
  const files = [...new Set((await Promise.all(paths.map(testsUnder))).flat())].sort();
  const isAlone = await Promise.all(files.map((file) => says(file, /^\/\/ Alone: \S/m)));
  return {
    sideBySide: groupByFolder(files.filter((_, index) => !isAlone[index])),
    alone: groupByFolder(files.filter((_, index) => isAlone[index])),
  };
}

/** Gives the file, or all files under the folder whose names end in _test.ts. */
async function testsUnder(path: string): Promise<string[]> {
  const clean = path.replaceAll("\\", "/").replace(/\/+$/, "");
  const found = (await Deno.stat(path)).isFile ? [clean] : await testsIn(clean);
  if (found.length === 0) throw new Deno.errors.NotFound(`There is no test under ${path}`);
  return found;
}

async function testsIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await testsIn(path));
    else if (name.endsWith("_test.ts") && !await says(path, /^\/\/ Task: \S/m)) found.push(path);
  }
  return found;
}

/** Whether a file says something of itself. */
async function says(file: string, what: RegExp): Promise<boolean> {
  return what.test(await Deno.readTextFile(file));
}

/** Files of one folder load much the same modules. */
function groupByFolder(files: readonly string[]): string[][] {
  const folders = Map.groupBy(files, (file) => file.slice(0, file.lastIndexOf("/")));
  return [...folders.values()].flatMap((all) => {
    const count = Math.ceil(all.length / MAX_FILES);
    // Every count-th file: long ones often stand side by side.
    return Array.from({ length: count }, (_, at) => all.filter((_, index) => index % count === at));
  });
}

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
  const roots = paths.map((path) => path.replaceAll("\\", "/").replace(/\/+$/, ""));
  const files = [...new Set((await Promise.all(roots.map(testsUnder))).flat())].sort();
  const isAlone = await Promise.all(files.map((file) => says(file, /^\/\/ Alone: \S/m)));
  return {
    sideBySide: groupByModule(files.filter((_, index) => !isAlone[index]), roots),
    alone: groupByModule(files.filter((_, index) => isAlone[index]), roots),
  };
}

/** Gives the file, or all files under the folder whose names end in _test.ts. */
async function testsUnder(path: string): Promise<string[]> {
  const found = (await Deno.stat(path)).isFile ? [path] : await testsIn(path);
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

/** Files of one module load much the same code: they share processes. */
function groupByModule(files: readonly string[], roots: readonly string[]): string[][] {
  const modules = Map.groupBy(files, (file) => moduleOf(file, roots));
  return [...modules.values()].flatMap((all) => {
    const count = Math.ceil(all.length / MAX_FILES);
    // Every count-th file: long ones often stand side by side.
    return Array.from({ length: count }, (_, at) => all.filter((_, index) => index % count === at));
  });
}

/** Gives the folder that stands first below a root, with its own folders; or that of the file. */
function moduleOf(file: string, roots: readonly string[]): string {
  const root = roots.find((root) => file.startsWith(`${root}/`));
  const end = root === undefined ? -1 : file.indexOf("/", root.length + 1);
  return file.slice(0, end === -1 ? file.lastIndexOf("/") : end);
}

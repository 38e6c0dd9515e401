/** Maximum number of test files in one process: enough to make the start of the process cheap. */
const MAX_FILES = 4;

/** Groups of test files. Each group runs in its own process. */
export interface Groups {
  /** Groups that can run at the same time. */
  sideBySide: string[][];
  /** Groups that run while no other group runs. */
  alone: string[][];
}

/** Which files are found in folders. By default, the files that belong to no task. */
export interface Selection {
  /** The task whose files are found. */
  readonly task?: string | undefined;
  /** Whether the files of every task are found, and those that belong to no task. */
  readonly everyTask?: boolean;
}

/**
 * Finds the tests in files and folders. In folders, a file with a line "// Task: NAME" belongs to
 * that task.
 *
 * @throws {Deno.errors.NotFound} If a path does not exist, or has no tests.
 */
export async function collectTests(
  paths: readonly string[],
  selection: Selection = {},
): Promise<Groups> {
  const roots = paths.map((path) => path.replaceAll("\\", "/").replace(/\/+$/, ""));
  const found = await Promise.all(roots.map((root) => testsUnder(root, selection)));
  const files = [...new Set(found.flat())].sort();
  const isAlone = await Promise.all(files.map((file) => says(file, /^\/\/ Alone: \S/m)));
  return {
    sideBySide: groupByModule(files.filter((_, index) => !isAlone[index]), roots),
    alone: groupByModule(files.filter((_, index) => isAlone[index]), roots),
  };
}

/** Returns the file, or the selected files under the folder whose names end in _test.ts. */
async function testsUnder(path: string, { task, everyTask }: Selection): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [path];
  const all = await testsIn(path);
  const found = everyTask ? all : all.filter((test) => test.task === task);
  if (found.length > 0) return found.map(({ file }) => file);
  const others = [...new Set(all.map(({ task }) => task ?? "test"))];
  const advice = others.map((other) => `; run task ${other} ${path}`).join("");
  throw new Deno.errors.NotFound(`There is no test under ${path}${advice}`);
}

/** A file with tests, and the task to which it belongs, if any. */
interface TestFile {
  readonly file: string;
  readonly task: string | undefined;
}

async function testsIn(folder: string): Promise<TestFile[]> {
  const found: TestFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const file = `${folder}/${name}`;
    if (isDirectory) found.push(...await testsIn(file));
    else if (name.endsWith("_test.ts")) found.push({ file, task: await taskOf(file) });
  }
  return found;
}

/** Returns the name of the task to which a file belongs. */
async function taskOf(file: string): Promise<string | undefined> {
  return /^\/\/ Task: (\S+)/m.exec(await Deno.readTextFile(file))?.[1];
}

/** Returns whether the text of a file matches a pattern. */
async function says(file: string, what: RegExp): Promise<boolean> {
  return what.test(await Deno.readTextFile(file));
}

/** Groups files by module. Files of one module share processes, because they load the same code. */
function groupByModule(files: readonly string[], roots: readonly string[]): string[][] {
  const modules = Map.groupBy(files, (file) => moduleOf(file, roots));
  return [...modules.values()].flatMap((all) => {
    const count = Math.ceil(all.length / MAX_FILES);
    // A group gets every count-th file, because slow tests are often in neighbouring files.
    return Array.from({ length: count }, (_, at) => all.filter((_, index) => index % count === at));
  });
}

/**
 * Returns the folder directly below a root that contains the file, or else the file's own folder.
 */
function moduleOf(file: string, roots: readonly string[]): string {
  const root = roots.find((root) => file.startsWith(`${root}/`));
  const end = root === undefined ? -1 : file.indexOf("/", root.length + 1);
  return file.slice(0, end === -1 ? file.lastIndexOf("/") : end);
}

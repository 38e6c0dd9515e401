import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Returns the names of the tasks to which test files belong. */
async function tasksUnder(folder: URL): Promise<Set<string>> {
  const tasks = new Set<string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) (await tasksUnder(path)).forEach((task) => tasks.add(task));
    else if (name.endsWith("_test.ts")) {
      const task = /^\/\/ Task: (\S+)/m.exec(await Deno.readTextFile(path))?.[1];
      if (task !== undefined) tasks.add(task);
    }
  }
  return tasks;
}

Deno.test("The checks of a change run each task to which test files belong, except the longest", async () => {
  const checks = await Deno.readTextFile(new URL(".ci/run", ROOT));
  const [, parts = ""] = /^for part in (.*); do$/m.exec(checks) ?? [];
  const run = new Set([
    ...parts.split(" ").map((part) => `test:${part}`),
    ...checks.matchAll(/task (test:\w+)/g).map(([, task]) => task!),
  ]);
  const tasks = await tasksUnder(new URL("tests/", ROOT));
  // 10,000 links of each kind take minutes.
  tasks.delete("test:links");
  assertEquals([...tasks.difference(run)], []);
  const { tasks: known } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assertEquals([...tasks].filter((task) => known[task] === undefined), []);
});

import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { SLOWNESS } from "../support/slowness.ts";

/** Test files, each in its own folder and so in its own group. */
const FILES = {
  "right/one_test.ts": `Deno.test("one is one", () => {}); Deno.test("two is two", () => {});`,
  "wrong/one_test.ts": `Deno.test("one is two", () => { throw new Error("it is not"); });`,
  "ended/one_test.ts":
    `Deno.test("it ends", () => void new Deno.UnsafePointerView(Deno.UnsafePointer.create(16n)).getUint8());`,
  "task/one_test.ts": `// Task: test:slow\nDeno.test("it takes long", () => {});`,
  "alone/one_test.ts": `// Alone: it says so.\nDeno.test("it is alone", () => {});`,
};

/** Runs the tests under some folders. */
async function runTests(folders: readonly string[], ...flags: string[]) {
  const root = (await Deno.makeTempDir({ prefix: "winipc-" })).replaceAll("\\", "/");
  try {
    for (const [file, text] of Object.entries(FILES)) {
      await Deno.mkdir(`${root}/${file.split("/")[0]}`);
      await Deno.writeTextFile(`${root}/${file}`, text);
    }
    const main = new URL("../main.ts", import.meta.url).href;
    const paths = folders.map((folder) => `${root}/${folder}`);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read", "--allow-run", main, ...paths, ...flags],
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(60_000 * SLOWNESS),
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!, err: err!, last: out!.trimEnd().split("\n").at(-1) };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("tests/main.ts counts passed and failed tests in its last line, with groups that crashed", async () => {
  const { code, out, last } = await runTests(["."]);
  assertEquals([code, last], [1, "Tests: 3 passed, 2 failed"]);
  assertStringIncludes(out, "error: Error: it is not");
  assertMatch(out, /ended\/one_test\.ts ended with exit code -?\d/);
  // The group that runs alone comes last.
  assertMatch(out, / s {2}\S*alone\/one_test\.ts\n\n==/);
});

Deno.test("tests/main.ts exits with 0 if all tests pass, and takes paths and a name filter", async () => {
  const { code, out, last } = await runTests(["right", "alone/one_test.ts"], "--filter", "two is");
  assertEquals([code, last], [0, "Tests: 1 passed, 0 failed"]);
  assertFalse(out.includes("one is one"));
});

Deno.test("tests/main.ts runs the files of a task only for that task, for every task, or by their path", async () => {
  const [some, none, byPath, all] = await Promise.all([
    runTests(["."], "--task=test:slow"),
    runTests(["task"]),
    runTests(["task/one_test.ts"]),
    runTests(["task", "right"], "--every-task"),
  ]);
  assertEquals([some.code, some.last], [0, "Tests: 1 passed, 0 failed"]);
  assertEquals(none.code, 1);
  assertMatch(none.err, /There is no test under (\S+task); run task test:slow \1/);
  assertEquals([byPath.code, byPath.last], [0, "Tests: 1 passed, 0 failed"]);
  assertEquals([all.code, all.last], [0, "Tests: 3 passed, 0 failed"]);
});

Deno.test("tests/main.ts fails if a path has no tests", async () => {
  const { code, err } = await runTests(["nowhere"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "NotFound");
});

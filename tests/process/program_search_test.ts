// Task: test:peers

/**
 * Compares where `spawn()` and `Deno.Command` find programs.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { spawn, type SpawnOptions } from "../../mod.ts";
import { compileC } from "../support/compile_c.ts";
import { peerUrl } from "../support/peer_url.ts";
import { removeFolder } from "../support/remove_folder.ts";

const PROGRAMS = [
  "a\\python3.99.exe",
  "a\\tool.v2",
  "a\\plain",
  "a\\both.exe",
  "a\\both.com",
  "a\\twice.exe.exe",
  "a b\\quoted.exe",
  "c;d\\semicolon.exe",
  "e\\tool.exe",
  "f\\mixed.exe",
  "here.exe",
  "relative\\inner.exe",
];
const BATCH_FILES = ["a\\batch.cmd", "e\\mixed.bat"];
const FOLDERS = ["d\\tool", "d\\tool.exe", "d\\quoted.exe"];

/** A command, and the file that it starts. Without `finds`, the expected result is `NotFound`. */
interface Row {
  command: string;
  finds?: string;
  /** The different result of `Deno.Command`, and its reason. */
  deno?: { finds?: string; why: string };
  cwd?: string;
}

const AS_CMD = "cmd tries all extensions";
const SAFE = "the current directory is not searched";

const ROWS: readonly Row[] = [
  { command: "both", finds: "a\\both.com" },
  { command: "both.exe", finds: "a\\both.exe" },
  { command: "python3.99", finds: "a\\python3.99.exe" },
  { command: "PYTHON3.99.EXE", finds: "a\\python3.99.exe" },
  { command: "python3.99." },
  { command: "tool.v2", finds: "a\\tool.v2" },
  { command: "twice.exe", finds: "a\\twice.exe.exe", deno: { why: AS_CMD } },
  { command: "plain" },
  { command: "quoted", finds: "a b\\quoted.exe" },
  { command: "semicolon", finds: "c;d\\semicolon.exe" },
  { command: "tool", finds: "e\\tool.exe" },
  { command: "tool.exe", finds: "e\\tool.exe" },
  { command: "tool.exe. ", finds: "e\\tool.exe" },
  { command: "tool." },
  { command: "batch", finds: "a\\batch.cmd" },
  { command: "batch.CMD", finds: "a\\batch.cmd" },
  { command: "mixed", finds: "e\\mixed.bat" },
  { command: "here", deno: { finds: "here.exe", why: SAFE } },
  { command: "inner", deno: { finds: "relative\\inner.exe", why: SAFE } },
  { command: "tool*" },
  { command: "nul" },
  { command: "" },
  { command: "." },
  { command: ".." },
  { command: ".\\here", finds: "here.exe" },
  { command: "./relative/inner", finds: "relative\\inner.exe" },
  { command: ".\\inner", finds: "relative\\inner.exe", cwd: "relative" },
  { command: "..\\a\\tool.v2", finds: "a\\tool.v2", cwd: "relative" },
  { command: ".\\here", cwd: "relative" },
  { command: "..\\a\\batch.cmd", finds: "a\\batch.cmd", cwd: "relative" },
  { command: "$\\a\\python3.99", finds: "a\\python3.99.exe" },
  { command: "$\\a\\both", finds: "a\\both.com" },
  { command: "$\\a\\twice.exe", finds: "a\\twice.exe.exe" },
  { command: "$\\a\\plain", finds: "a\\plain", deno: { why: "CreateProcessW accepts it" } },
  { command: "$\\a\\batch", finds: "a\\batch.cmd", deno: { why: AS_CMD } },
  { command: "$\\e\\tool.", finds: "e\\tool.exe" },
  { command: "$\\d\\tool" },
  { command: "$\\a\\" },
];

Deno.test("spawn() finds programs as cmd and Deno.Command do", async (t) => {
  await using folder = await makeFolder();
  const { path } = folder;
  const list = ["$\\a", '"$\\a b"', '"$\\c;d"', "", "$\\d", "$\\e", "$\\f", "relative"];
  const env = { PATH: list.join(";").replaceAll("$", path) };
  const before = Deno.cwd();
  Deno.chdir(path);
  try {
    for (const { command, finds, cwd, deno = { finds } } of ROWS) {
      const options = { env, ...(cwd === undefined ? {} : { cwd }) };
      const name = command.replace("$", path);
      await t.step(`${JSON.stringify(command)} is ${finds ?? "none"}`, async () => {
        assertEquals(await startedBy(spawn, name, options), inFolder(path, finds));
        const start = (command: string | URL, options: SpawnOptions) =>
          new Deno.Command(command, options as Deno.CommandOptions).spawn();
        assertEquals(await startedBy(start, name, options), inFolder(path, deno.finds));
      });
    }
  } finally {
    Deno.chdir(before);
  }
});

Deno.test("spawn() accepts the file: URL of a program, as Deno.Command does", async () => {
  await using folder = await makeFolder();
  const base = new URL(`file:///${folder.path.replaceAll("\\", "/")}/`);
  const rows: [url: string, finds?: string][] = [
    ["a/python3.99.exe", "a\\python3.99.exe"],
    ["a/python3.99", "a\\python3.99.exe"],
    ["a%20b/quoted.exe", "a b\\quoted.exe"],
    ["c;d/../e/tool.exe", "e\\tool.exe"],
    ["a/batch.cmd", "a\\batch.cmd"],
    ["a/none.exe"],
  ];
  const denos = (command: string | URL, options: SpawnOptions) =>
    new Deno.Command(command, options as Deno.CommandOptions).spawn();
  for (const [path, finds] of rows) {
    for (const start of [spawn, denos]) {
      assertEquals(await startedBy(start, new URL(path, base), {}), inFolder(folder.path, finds));
    }
  }
  const web = new URL("https://example.com/C:/a.exe");
  assertThrows(() => spawn(web), TypeError, `Expected command to be a path or a file: URL`);
  assertThrows(() => denos(web, {}), TypeError);
});

Deno.test("spawn() searches the PATH of env in any spelling, and finds Windows' own programs", async () => {
  await using folder = await makeFolder();
  const { path } = folder;
  const tool = inFolder(path, "e\\tool.exe");
  for (
    const options of [{ env: { Path: `${path}\\e` } }, { env: { path: "", PATH: `${path}\\e` } }]
  ) {
    for (const clearEnv of [false, true]) {
      assertEquals(await startedBy(spawn, "tool", { ...options, clearEnv }), tool);
    }
  }
  const child = spawn("cmd", { args: ["/c", "exit 3"], env: { PATH: path } });
  assertEquals((await child.status).code, 3);
});

Deno.test("spawn() tries the extensions in the order of PATHEXT", async () => {
  await using folder = await makeFolder();
  const { path } = folder;
  const script = peerUrl("process/peers/spawn_by_name.ts").href;
  for (
    const [PATHEXT, finds] of [
      [".PY;.EXE;.COM", "a\\both.exe"],
      [".py", "a\\both.com"],
      ["", "a\\both.com"],
    ] as const
  ) {
    await using child = spawn(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-ffi", script, "both"],
      env: { PATHEXT, PATH: `${path}\\a` },
      stdout: "piped",
    });
    const { stdout } = await child.output();
    assertEquals(
      new TextDecoder().decode(stdout).split("\0")[0]?.toLowerCase(),
      inFolder(path, finds),
    );
  }
});

/** Returns the started file in lower case, or `NotFound`. */
async function startedBy(
  start: (
    command: string | URL,
    options: SpawnOptions,
  ) => { output(): Promise<{ stdout: Uint8Array }> },
  command: string | URL,
  options: SpawnOptions,
): Promise<string> {
  try {
    const child = start(command, { ...options, stdin: "null", stdout: "piped", stderr: "null" });
    const { stdout } = await child.output();
    return new TextDecoder().decode(stdout).split(/[\0\r]/)[0]!.toLowerCase();
  } catch (error) {
    // Deno throws a plain Error for some missing programs.
    if (error instanceof Error && /not found|cannot find/i.test(error.message)) return "NotFound";
    if (error instanceof Deno.errors.NotFound) return "NotFound";
    throw error;
  }
}

function inFolder(folder: string, file: string | undefined): string {
  return file === undefined ? "NotFound" : `${folder}\\${file}`.toLowerCase();
}

/** Makes a folder with the programs, which `await using` deletes. */
async function makeFolder() {
  await using program = await compileC(peerUrl("process/peers/report_path.c"));
  const path = await Deno.makeTempDir({ prefix: "winipc-" });
  const put = async (name: string, write: (path: string) => Promise<void>) => {
    const file = `${path}\\${name}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("\\")), { recursive: true });
    await write(file);
  };
  for (const name of PROGRAMS) await put(name, (to) => Deno.copyFile(program.path, to));
  for (const name of BATCH_FILES) await put(name, (to) => Deno.writeTextFile(to, "@echo %~f0\r\n"));
  for (const name of FOLDERS) await put(name, (to) => Deno.mkdir(to));
  const remove = () => removeFolder(path);
  return { path, [Symbol.asyncDispose]: remove };
}

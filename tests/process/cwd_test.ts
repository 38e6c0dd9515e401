/**
 * Compares the current directories of children that `spawn()` and `Deno.Command` start.
 *
 * @module
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { spawn, type SpawnOptions } from "../../mod.ts";
import { removeFolder } from "../support/remove_folder.ts";

/** Starts cmd in a folder, and returns its current directory. */
async function startedIn(
  start: (options: SpawnOptions) => { output(): Promise<{ stdout: Uint8Array }> },
  cwd: string | URL,
): Promise<string> {
  const child = start({ args: ["/c", "cd"], cwd, stdin: "null", stdout: "piped", stderr: "null" });
  return new TextDecoder().decode((await child.output()).stdout).trim().toLowerCase();
}

const ours = (options: SpawnOptions) => spawn("cmd", options);
const denos = (options: SpawnOptions) =>
  new Deno.Command("cmd", options as Deno.CommandOptions).spawn();

Deno.test("spawn() starts a child in a folder, as Deno.Command does", async () => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const before = Deno.cwd();
  Deno.chdir(folder);
  try {
    await Deno.mkdir("ä 100%");
    const url = new URL(`file:///${folder.replaceAll("\\", "/")}/`);
    const all = [folder, `${folder}\\`, `${folder}\\.`, ".", "..", "\\", "C:\\", "c:/windows"];
    const urls = [url, new URL("%C3%A4%20100%", url), new URL("..", url), new URL("file:///C:")];
    for (const cwd of [...all, "ä 100%", ...urls]) {
      assertEquals(await startedIn(ours, cwd), await startedIn(denos, cwd), `${cwd}`);
    }
    assertEquals(await startedIn(ours, url), folder.toLowerCase());
  } finally {
    Deno.chdir(before);
    await removeFolder(folder);
  }
});

Deno.test("spawn() throws NotFound with the path of a missing folder, as Deno.Command does", async () => {
  const file = await Deno.makeTempFile({ prefix: "winipc-" });
  const long = ["x".repeat(240), "x".repeat(300), "x\\".repeat(400), "x".repeat(32_000)];
  try {
    for (
      const cwd of [
        ...[file, `${file}\\x`, `${file}x`, "winipc-none", "..\\winipc-none", "Q:\\", "NUL"],
        ...[
          "C:\\a<b",
          "C:\\a|b",
          "\\\\winipc-no-host\\share",
          ...long.map((name) => `C:\\${name}`),
        ],
        new URL("file:///C:/winipc%20none"),
      ]
    ) {
      const error = assertThrows(() => spawn("cmd", { cwd }), Deno.errors.NotFound, "folder");
      const path = typeof cwd === "string" ? cwd : "C:\\winipc none";
      assertStringIncludes(error.message, `Cannot start "cmd" in ${JSON.stringify(path)}`);
      assertThrows(() => denos({ cwd }), Deno.errors.NotFound);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("spawn() checks first whether the folder exists, and then whether the program exists", () => {
  const cwd = "C:\\winipc-none";
  for (const command of ["winipc-none", ".\\winipc-none", "C:\\winipc-none.exe"]) {
    assertThrows(() => spawn(command, { cwd }), Deno.errors.NotFound, "there is no such folder");
  }
  assertThrows(
    () => spawn("winipc-none", { cwd: "C:\\" }),
    Deno.errors.NotFound,
    "find the program",
  );
  assertThrows(
    () => spawn(".\\winipc-none", { cwd: "C:\\" }),
    Deno.errors.NotFound,
    'Cannot start "C:\\\\winipc-none" in "C:\\\\": CreateProcessW failed',
  );
});

Deno.test("spawn() refuses a cwd that is not a valid path", () => {
  // Deno.Command reads an empty path as this process's current directory.
  assertThrows(() => spawn("cmd", { cwd: "" }), Deno.errors.NotFound, 'in ""');
  assertThrows(() => spawn("cmd", { cwd: "C:\\\0" }), TypeError, "cwd to have no NUL");
  assertThrows(() => spawn("cmd", { cwd: new URL("file:///C:/%00") }), TypeError, "no NUL");
  assertThrows(
    () => spawn("cmd", { cwd: new URL("https://example.com/C:/") }),
    TypeError,
    'Expected cwd to be a path or a file: URL, got "https://example.com/C:/"',
  );
  assertThrows(() => denos({ cwd: new URL("https://example.com/C:/") }), TypeError);
  assertThrows(() => spawn("cmd", { cwd: "x".repeat(32_767) }), RangeError, "cwd to have at most");
});

// Task: test:package
//
// Scripts that use threads, wherever their modules come from: they need --allow-ffi and nothing else.

import { assertEquals } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { peerUrl } from "../support/peer_url.ts";
import { removeFolder } from "../support/remove_folder.ts";
import { serveProject } from "../support/serve_project.ts";

/** The output of peers/start_threads.ts. */
const STARTED = [
  "waitAny: 0",
  "lock: taken",
  "sendCopyData: 5n",
  `listenPipe: ${Array(20).fill(4).join(" ")}`,
].join("\n");

/** The flags of deno bundle that change the text of functions the most. */
const REWRITTEN = ["--minify", "--keep-names"];

/** A folder with a bundled or compiled script, and nothing else. */
interface Folder extends AsyncDisposable {
  path: string;
}

/** The end of a program. */
interface Ended {
  code: number;
  out: string;
  err: string;
}

async function makeFolder(): Promise<Folder> {
  const path = await Deno.makeTempDir({ prefix: "winipc-" });
  return { path, [Symbol.asyncDispose]: () => removeFolder(path) };
}

/** Runs a program to its end in a folder. */
async function run(
  program: string,
  args: string[],
  folder: Folder,
  env: Record<string, string> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: folder.path,
    env: { NO_COLOR: "1", ...env },
    signal: AbortSignal.timeout(120_000),
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes).replaceAll("\r\n", "\n").trimEnd()
  );
  return { code, out: out!, err: err! };
}

/** Runs a script with flags, such as permissions. */
async function runScript(
  script: string,
  flags: string[],
  folder: Folder,
  env?: Record<string, string>,
): Promise<Ended> {
  return await run(Deno.execPath(), ["run", "--no-prompt", "-q", ...flags, script], folder, env);
}

/** Bundles a peer into `script.js` in the folder. */
async function bundle(peer: "start_threads.ts" | "end_worker.ts", flags: string[], to: Folder) {
  const script = peerUrl(`package/peers/${peer}`).href;
  const args = ["bundle", "-q", ...flags, "--output", `${to.path}\\script.js`, script];
  assertEquals(await run(Deno.execPath(), args, to), { code: 0, out: "", err: "" });
}

Deno.test("A script of a checkout starts threads with --allow-ffi only", async () => {
  await using folder = await makeFolder();
  const script = peerUrl("package/peers/start_threads.ts").href;
  assertEquals(await runScript(script, ["--no-check", "--allow-ffi"], folder), {
    code: 0,
    out: STARTED,
    err: "",
  });
});

Deno.test("A script whose modules are on a server starts threads with --allow-ffi only", async () => {
  await using server = serveProject();
  await using folder = await makeFolder();
  const host = `127.0.0.1:${server.addr.port}`;
  const flags = ["--allow-ffi", `--allow-import=${host}`];
  const script = `http://${host}/tests/package/peers/start_threads.ts`;
  const env = { DENO_DIR: folder.path };
  assertEquals(await runScript(script, flags, folder, env), { code: 0, out: STARTED, err: "" });
});

for (const flags of [[], REWRITTEN]) {
  const command = ["deno bundle", ...flags].join(" ");
  Deno.test(`A script of ${command} starts threads with --allow-ffi only`, async () => {
    await using folder = await makeFolder();
    await bundle("start_threads.ts", flags, folder);
    assertEquals(await runScript("script.js", ["--allow-ffi"], folder), {
      code: 0,
      out: STARTED,
      err: "",
    });
  });
}

Deno.test("The memory of an ended Worker goes in a bundled script too", async () => {
  await using folder = await makeFolder();
  await bundle("end_worker.ts", REWRITTEN, folder);
  // Deno needs --allow-read to start a Worker from a local file.
  assertEquals(await runScript("script.js", ["--allow-ffi", "--allow-read"], folder), {
    code: 0,
    out: "exists: true\nexists: false",
    err: "",
  });
});

Deno.test("A compiled script starts threads with --allow-ffi only", async (t) => {
  await using folder = await makeFolder();
  const script = peerUrl("package/peers/start_threads.ts").href;
  const args = ["compile", "-q", "--no-check", "--allow-ffi", "--output", "script.exe", script];
  const compiled = await run(Deno.execPath(), args, folder);
  // deno compile downloads its runtime from dl.deno.land. A machine with Wine may not reach it.
  const hasRuntime = !(isWine() && compiled.err.includes("Setting up base binary"));
  await t.step({
    name: "the program runs",
    ignore: !hasRuntime,
    fn: async () => {
      assertEquals([compiled.code, compiled.err], [0, ""]);
      const ended = await run(`${folder.path}\\script.exe`, [], folder);
      assertEquals(ended, { code: 0, out: STARTED, err: "" });
    },
  });
});

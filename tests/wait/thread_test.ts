import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { Thread } from "../../src/wait/thread.ts";
import { serveProject } from "../support/serve_project.ts";
import { SLOWNESS } from "../support/slowness.ts";

Deno.test("Threads start without a permission to read files if the module is on a server", async () => {
  await using server = serveProject();
  const cache = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    const host = `127.0.0.1:${server.addr.port}`;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--quiet",
        "--allow-ffi",
        `--allow-import=${host}`,
        `http://${host}/tests/wait/peers/send_to_itself.ts`,
      ],
      env: { DENO_DIR: cache },
      signal: AbortSignal.timeout(60_000 * SLOWNESS),
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    assertEquals({ code, out, err }, { code: 0, out: "1 from afar", err: "" });
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("Thread passes on each value that its program posts, and reports its end", async () => {
  const program = `
    import { parentPort, workerData } from "node:worker_threads";
    parentPort.postMessage(workerData + 1);`;
  const { posted, end } = await run(program, 41);
  assertEquals([posted, end], [[42], undefined]);
});

Deno.test("Thread runs its program unchanged, also where a URL has characters with a meaning", async () => {
  const text = `"%41" ?a=b#c + <d> 'e'\\f |  \u{1f600}\u00e9 %\t`;
  const program = `
    import { parentPort } from "node:worker_threads";
    parentPort.postMessage(String.raw\`${text}\`);   `;
  assertEquals((await run(program, 0)).posted, [text]);
});

Deno.test("Thread reports the error that its program throws", async () => {
  const { end } = await run(`throw new Error("on purpose")`, 0);
  assertInstanceOf(end, Error);
  assertStringIncludes(end.message, "on purpose");
});

Deno.test("A stack trace in a thread has the names of functions, the program's path and its lines", async () => {
  const program = `// A "100 %" ordinary line #1
import { parentPort } from "node:worker_threads";
function inner() {
  throw new Error("on purpose");
}
function outer() {

  inner();
}
try {
  outer();
} catch (error) {
  parentPort.postMessage(error.stack);
}`;
  const { posted } = await run(program, 0);
  const frames = String(posted[0]).split("\n").slice(1).map((line) => line.trim());
  assertEquals(frames, [
    "at inner (winipc:tests/program.ts:4:1)",
    "at outer (winipc:tests/program.ts:8:1)",
    "at winipc:tests/program.ts:11:1",
  ]);
});

async function run(program: string, data: unknown) {
  const posted: unknown[] = [];
  const ended = Promise.withResolvers<Error | undefined>();
  await Thread.start(program, {
    path: "tests/program.ts",
    data,
    onMessage: (message) => posted.push(message),
    onEnd: ended.resolve,
  });
  return { posted, end: await ended.promise };
}

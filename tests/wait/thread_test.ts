import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { Thread } from "../../src/wait/thread.ts";
import { serveProject } from "../support/serve_project.ts";

Deno.test("Thread.start() loads a module from a server without a permission to read files", async () => {
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
      signal: AbortSignal.timeout(60_000),
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    assertEquals({ code, out, err }, { code: 0, out: "1 from afar", err: "" });
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("Thread passes on each value that its module posts, and reports its end", async () => {
  const module = `data:text/javascript,
    import { parentPort, workerData } from "node:worker_threads";
    parentPort.postMessage(workerData + 1);`;
  const { posted, end } = await run(module, 41);
  assertEquals([posted, end], [[42], undefined]);
});

Deno.test("Thread reports the error that its module throws", async () => {
  const { end } = await run(`data:text/javascript,throw new Error("on purpose")`, 0);
  assertInstanceOf(end, Error);
  assertStringIncludes(end.message, "on purpose");
});

async function run(module: string, data: unknown) {
  const posted: unknown[] = [];
  const ended = Promise.withResolvers<Error | undefined>();
  await Thread.start(module, {
    data,
    onMessage: (message) => posted.push(message),
    onEnd: ended.resolve,
  });
  return { posted, end: await ended.promise };
}

// Task: test:examples

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { echoLines, listen, sendLines } from "../../examples/tcp_socket.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

const hostname = "127.0.0.1";
const readme = decodeURIComponent(new URL("../../README.md", import.meta.url).pathname.slice(1));

/** Starts the example as the server, and waits until it prints its port. */
async function startServer() {
  const script = new URL("../../examples/tcp_socket.ts", import.meta.url).href;
  // This timeout ends after the test's own, so a server that does not exit makes the test fail.
  const args = ["echo", "--timeout", "300000"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-net=127.0.0.1", script, ...args],
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await output.read();
  const [, port] = /^Listening on port (\d+)\r?\n$/.exec(value ?? "") ?? [];
  return {
    port: port!,
    /** Waits until the server exits. Returns its exit code and the rest of its output. */
    async end() {
      let out = "";
      for (let value; ({ value } = await output.read()), value !== undefined;) out += value;
      return { code: (await child.status).code, out };
    },
  };
}

Deno.test("examples/tcp_socket.ts receives its text back unchanged", async () => {
  const lines = Array.from({ length: 2000 }, (_, index) => `Line ${index}`.repeat(index % 7));
  // These need many reads. The last one has the maximum length.
  lines.push("x".repeat(300_000), "", "y".repeat(1_048_576));
  const server = await startServer();
  const echo = await sendLines(Number(server.port), lines, AbortSignal.timeout(30_000));
  assertEquals([echo.lines, echo.wrong], [2003, 0]);
  assertEquals(await server.end(), { code: 0, out: "Sent 2003 lines back\n" });
});

Deno.test("examples/tcp_socket.ts sends a file from one process to another", async () => {
  const server = await startServer();
  const sent = await runExample("tcp_socket.ts", "send", "--port", server.port, "--file", readme);
  assertEquals([sent.code, sent.err], [0, ""]);
  const count = (await Deno.readTextFile(readme)).split("\n").length;
  assertMatch(sent.out, /^\d+ lines came back, 0 were wrong, \d+ thousand messages per second/);
  assertEquals(Number.parseInt(sent.out), count);
  assertEquals(await server.end(), { code: 0, out: `Sent ${count} lines back\n` });
});

/** Sends bytes to the example's server. Returns the server's result and the bytes that return. */
async function sendBytes(pieces: readonly number[][]) {
  using listener = listen();
  const { port } = listener.addr;
  const echoed = echoLines(listener, AbortSignal.timeout(30_000));
  using client = await Deno.connect({ hostname, port });
  const back = new Response(client.readable).bytes();
  const [count, bytes] = await Promise.all([echoed, back, sendAll()]);
  return { count, bytes: [...bytes] };

  async function sendAll() {
    for (const piece of pieces) await client.write(Uint8Array.from(piece));
    await client.closeWrite();
  }
}

Deno.test("examples/tcp_socket.ts puts messages together whose bytes arrive one by one", async () => {
  const bytes = [3, 0, 0, 0, 7, 8, 9, 0, 0, 0, 0, 1, 0, 0, 0, 5];
  const back = await sendBytes(bytes.map((byte) => [byte]));
  assertEquals(back, { count: 3, bytes });
});

Deno.test("examples/tcp_socket.ts refuses a message that is too long or incomplete", async () => {
  await assertRejects(
    () => sendBytes([[1, 0, 16, 0]]),
    Deno.errors.InvalidData,
    "Expected a message of at most 1048576 bytes, but its length is 1048577 bytes",
  );
  for (const piece of [[2, 0, 0], [2, 0, 0, 0, 1]]) {
    await assertRejects(
      () => sendBytes([piece]),
      Deno.errors.UnexpectedEof,
      `but the connection ended after ${piece.length} bytes of it`,
    );
  }
});

Deno.test("examples/tcp_socket.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("tcp_socket.ts", "echo");
  // The system accepts the connection, and nobody answers.
  using silent = listen();
  const { port } = silent.addr;
  await assertTimesOut("tcp_socket.ts", "send", "--port", `${port}`, "--file", readme);
  await assertPrintsUsage("tcp_socket.ts", "send");
});

Deno.test("examples/tcp_socket.ts says that no server listens on the port", async () => {
  const { port } = (() => {
    using listener = listen();
    return listener.addr;
  })();
  const { code, err } = await runExample(
    "tcp_socket.ts",
    "send",
    "--port",
    `${port}`,
    "--file",
    readme,
  );
  assertEquals(code, 1);
  assertStringIncludes(err, "ConnectionRefused");
});

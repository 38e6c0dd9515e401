// Task: test:examples

import { assertEquals, assertRejects } from "@std/assert";
import { answerTo, ask } from "../../examples/pipe_lines.ts";
import { connectPipe, listenPipe } from "../../src/pipe/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";
import { startExample } from "./start_server.ts";

Deno.test("examples/pipe_lines.ts keeps the notes of all clients", async () => {
  const name = randomName();
  await using _ = await startExample("pipe_lines.ts", "serve", "--name", name);
  const ask = (...requests: string[]) =>
    runExample("pipe_lines.ts", "ask", "--name", name, ...requests);
  assertEquals(await ask("set color dark red", "get color"), {
    code: 0,
    out: "ok\ndark red\n",
    err: "",
  });
  assertEquals(
    (await ask("get color", "list", "get size")).out,
    [
      "dark red",
      "color",
      'error: there is no "size"',
      "",
    ].join("\n"),
  );
});

Deno.test("examples/pipe_lines.ts puts lines together whose bytes arrive one by one", async () => {
  const name = randomName();
  await using _ = await startExample("pipe_lines.ts", "serve", "--name", name);
  await using client = await connectPipe(name);
  const requests = new TextEncoder().encode("set a é\r\nget a\nnonsense\n");
  for (const byte of requests) await client.write(Uint8Array.of(byte));
  const expected = `ok\né\n${answerTo("nonsense", new Map())}\n`;
  let answers = "";
  const decoder = new TextDecoder();
  for (const buffer = new Uint8Array(64); answers.length < expected.length;) {
    const count = await client.read(buffer, soon);
    answers += decoder.decode(buffer.subarray(0, count!), { stream: true });
  }
  assertEquals(answers, expected);
});

Deno.test("examples/pipe_lines.ts goes on after a client that leaves in the middle of a line", async () => {
  const name = randomName();
  await using _ = await startExample("pipe_lines.ts", "serve", "--name", name);
  const client = await connectPipe(name);
  await client.write(new TextEncoder().encode("set a "));
  client.abort();
  const answers = await Array.fromAsync(ask(name, ["list"], AbortSignal.timeout(30_000)));
  assertEquals(answers.length, 1);
});

Deno.test("ask() of examples/pipe_lines.ts stops when the server leaves or is silent", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  const asking = Array.fromAsync(ask(name, ["list"], AbortSignal.timeout(30_000)));
  (await listener.accept()).close();
  // The request can come before the server's end, or after.
  await assertRejects(() => asking, Error);
  const waiting = new AbortController();
  const silent = Array.fromAsync(ask(name, ["list"], waiting.signal));
  await using connection = await listener.accept();
  assertEquals(await connection.read(new Uint8Array(64)), "list\n".length);
  const reason = new Error("enough");
  waiting.abort(reason);
  assertEquals(await assertRejects(() => silent), reason);
});

Deno.test("examples/pipe_lines.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("pipe_lines.ts", "ask", "--name", randomName(), "list");
  await assertPrintsUsage("pipe_lines.ts", "ask");
});

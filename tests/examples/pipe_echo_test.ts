// Task: test:examples

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { sendBytes } from "../../examples/pipe_echo.ts";
import { connectPipe, listenPipe } from "../../src/pipe/mod.ts";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";
import { startExample } from "./start_server.ts";

/** Returns bytes that differ from place to place and from client to client. */
function sample(length: number, client: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index * 7 + (index >> 8) + client);
}

Deno.test("examples/pipe_echo.ts serves many clients at a time", async () => {
  const name = randomName();
  await using server = await startExample(
    "pipe_echo.ts",
    "serve",
    "--name",
    name,
    "--clients",
    "9",
  );
  const sent = Array.from({ length: 9 }, (_, client) => sample(client * 100_000, client));
  const signal = AbortSignal.timeout(30_000);
  const back = await Promise.all(sent.map((bytes) => sendBytes(name, bytes, signal)));
  assertEquals(back, sent);
  const { code, lines } = await server.end();
  assertEquals(code, 0);
  assertEquals(lines.filter((line) => line.endsWith(` is process ${Deno.pid}`)).length, 9);
  const lengths = lines.flatMap((line) => line.match(/(?<=has left after )\d+/) ?? []);
  assertEquals(lengths.map(Number).sort((a, b) => a - b), sent.map(({ length }) => length));
});

Deno.test("examples/pipe_echo.ts goes on after a client that leaves with bytes unread", async () => {
  const name = randomName();
  await using server = await startExample(
    "pipe_echo.ts",
    "serve",
    "--name",
    name,
    "--clients",
    "2",
  );
  const client = await connectPipe(name);
  // The answers fill the pipe, because this client does not read them.
  const writing = client.write(sample(1_000_000, 0)).catch(() => {});
  const first = new Uint8Array(1);
  assertEquals(await client.read(first), 1);
  client.abort();
  await writing;
  const bytes = sample(1000, 1);
  assertEquals(await sendBytes(name, bytes, AbortSignal.timeout(30_000)), bytes);
  assertEquals((await server.end()).code, 0);
});

Deno.test("examples/pipe_echo.ts sends a file from one process to another", async () => {
  const name = randomName();
  const file = decodeURIComponent(new URL("../../README.md", import.meta.url).pathname.slice(1));
  const [served, sent] = await Promise.all([
    runExample("pipe_echo.ts", "serve", "--name", name, "--clients", "1"),
    runExample("pipe_echo.ts", "send", "--name", name, "--file", file),
  ]);
  assertEquals([served.code, served.err, sent.code, sent.err], [0, "", 0, ""]);
  const { size } = await Deno.stat(file);
  assertMatch(sent.out, /^\d+ bytes came back in \d+ ms, 0 were wrong/);
  assertEquals(Number.parseInt(sent.out), size);
  assertMatch(served.out, new RegExp(`Client 1 has left after ${size} bytes`));
});

Deno.test("examples/pipe_echo.ts says that the server has left early", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  const sending = sendBytes(name, sample(5, 0), AbortSignal.timeout(30_000));
  const connection = await listener.accept();
  await connection.write(sample(3, 0));
  connection.close();
  await assertRejects(
    () => sending,
    Deno.errors.UnexpectedEof,
    "Expected 5 bytes from the server, but it left after 3 bytes",
  );
});

Deno.test("examples/pipe_echo.ts stops after --timeout, and prints its usage", async () => {
  const file = decodeURIComponent(new URL("../../README.md", import.meta.url).pathname.slice(1));
  await assertTimesOut("pipe_echo.ts", "send", "--name", randomName(), "--file", file);
  await assertPrintsUsage("pipe_echo.ts");
});

// Task: test:examples

import { assertEquals, assertRejects } from "@std/assert";
import { Calculator, OPERATIONS } from "../../examples/pipe_rpc.ts";
import { connectPipe } from "../../src/pipe/mod.ts";
import { type Bits, compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";
import { type RunningServer, startExample, startServer } from "./start_server.ts";

/** A way to start a server with a name. */
type Start = (name: string) => Promise<RunningServer>;

const startInDeno: Start = (name) => startExample("pipe_rpc.ts", "serve", "--name", name);

/** Compiles the server in C. */
async function compileServer(bits: Bits): Promise<AsyncDisposable & { start: Start }> {
  const program = await compileC(new URL("../../examples/pipe_rpc.c", import.meta.url), { bits });
  return {
    start: (name) => startServer(program.path, [name]),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

async function connect(name: string, { pid }: RunningServer): Promise<Calculator> {
  // On Wine, a pipe without a descriptor has no owner, so the C server is known by its id.
  return await Calculator.connect(name, { server: { pid }, signal: AbortSignal.timeout(30_000) });
}

/** Checks the answers of a server to many questions of two clients at a time. */
async function assertAnswers(start: Start): Promise<void> {
  const name = randomName();
  await using server = await start(name);
  await using first = await connect(name, server);
  await using second = await connect(name, server);
  const numbers = Array.from({ length: 300 }, (_, index) => index);
  const [products, quotients] = await Promise.all([
    Promise.all(numbers.map((a) => first.calculate(OPERATIONS.indexOf("multiply"), a, 3))),
    Promise.all(numbers.map((a) => second.calculate(OPERATIONS.indexOf("divide"), a, 3))),
  ]);
  assertEquals(products, numbers.map((a) => a * 3));
  assertEquals(quotients, numbers.map((a) => a / 3));
  assertEquals(await first.calculate(OPERATIONS.indexOf("add"), 0.1, 0.2), 0.1 + 0.2);
  assertEquals(await first.calculate(OPERATIONS.indexOf("subtract"), 1, 4), -3);
  await assertRejects(() => first.calculate(3, 1, 0), RangeError, "division by zero");
  await assertRejects(() => first.calculate(9, 1, 0), RangeError, "there is no such operation");
}

/** Checks that a server closes the connection of a client that sends nonsense, and no other. */
async function assertRefusesNonsense(start: Start): Promise<void> {
  const name = randomName();
  await using server = await start(name);
  await using calculator = await connect(name, server);
  for (const length of [0, 23, 25, 100_000]) {
    await using client = await connectPipe(name, { mode: "messages", server: { pid: server.pid } });
    // A server can have left before it has taken all bytes of a long message.
    await client.write(new Uint8Array(length)).catch(() => {});
    assertEquals(await client.readMessage(soon), null, `${length} bytes`);
  }
  assertEquals(await calculator.calculate(0, 1, 2), 3);
}

peers.test("examples/pipe_rpc.ts gets right answers from the C server", async (bits) => {
  await using server = await compileServer(bits);
  await assertAnswers(server.start);
});

peers.test("examples/pipe_rpc.c closes the connection of a client that sends nonsense", async (bits) => {
  await using server = await compileServer(bits);
  await assertRefusesNonsense(server.start);
});

Deno.test("examples/pipe_rpc.ts is also a server, with the same answers", async () => {
  await assertAnswers(startInDeno);
  await assertRefusesNonsense(startInDeno);
});

Deno.test("Questions of examples/pipe_rpc.ts fail when the server dies", async () => {
  const name = randomName();
  await using server = await startInDeno(name);
  await using calculator = await connect(name, server);
  assertEquals(await calculator.calculate(0, 1, 2), 3);
  await server.kill();
  await assertRejects(() => calculator.calculate(0, 1, 2), Error);
});

Deno.test("examples/pipe_rpc.ts asks the server whose process id it gets", async () => {
  const name = randomName();
  await using server = await startInDeno(name);
  const ask = (...args: string[]) => runExample("pipe_rpc.ts", "ask", "--name", name, ...args);
  const { code, out } = await ask("--pid", `${server.pid}`, "divide", "22", "8");
  assertEquals([code, out], [0, "2.75\n"]);
  const other = await ask("--pid", `${Deno.pid}`, "divide", "22", "8");
  assertEquals(other.code, 1);
  assertEquals(
    other.err.includes(`it is process ${server.pid}, not process ${Deno.pid}`),
    true,
    other.err,
  );
});

Deno.test("examples/pipe_rpc.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("pipe_rpc.ts", "ask", "--name", randomName(), "add", "1", "2");
  await assertPrintsUsage("pipe_rpc.ts", "ask", "power", "1", "2");
});

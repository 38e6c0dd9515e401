import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { SingleInstance } from "../../src/instance/mod.ts";
import { decodeAnswer, encodeHandover, MAX_LENGTH } from "../../src/instance/message.ts";
import { instancePipe } from "../../src/instance/pipe.ts";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { Peer } from "../support/peer.ts";
import { Random } from "../support/random.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

/** Connects to the pipe of a first instance, as a hostile or foreign program can. */
async function connect(name: string): Promise<PipeConnection> {
  const path = instancePipe(`Local\\${name}`);
  return await connectPipe(path, { mode: "messages", maxMessageLength: MAX_LENGTH, ...soon });
}

Deno.test("onSecond is called in the order of the handovers, also if earlier calls are not over", async () => {
  const name = randomName();
  const called: string[] = [];
  const answers = new Map<string, () => void>();
  await using _first = await SingleInstance.acquire(name, {
    onSecond(args) {
      called.push(args[0]!);
      return new Promise<void>((resolve) => answers.set(args[0]!, resolve));
    },
  });
  const clients: PipeConnection[] = [];
  for (let count = 0; count < 20; count++) {
    const client = await connect(name);
    await client.write(encodeHandover({ args: [`${count}`], cwd: "C:\\" }));
    clients.push(client);
  }
  for (const [index, client] of [...clients.entries()].reverse()) {
    while (!answers.has(`${index}`)) await new Promise((resolve) => setTimeout(resolve, 1));
    // No answer comes before the promise of this call is fulfilled.
    await assertRejects(() => client.readMessage({ timeout: 0 }), Deno.errors.TimedOut);
    answers.get(`${index}`)!();
    const answer = await client.readMessage(soon);
    assertEquals(decodeAnswer(answer!), { outcome: "taken", text: "" });
    client.close();
  }
  assertEquals(called, Array.from({ length: 20 }, (_, index) => `${index}`));
});

Deno.test("Garbage ends the client that sent it, and no other", async () => {
  const name = randomName();
  const called: string[][] = [];
  await using _first = await SingleInstance.acquire(name, {
    onSecond: (args) => void called.push(args),
    onError: (error) => {
      throw error;
    },
  });
  const valid = encodeHandover({ args: ["valid"], cwd: "C:\\" });
  const texts = [
    "",
    "{",
    "5",
    "null",
    '{"args":[5],"cwd":""}',
    '{"args":["a"]}',
    "[".repeat(99_999),
  ];
  const messages: [bytes: Uint8Array<ArrayBuffer>, why: RegExp][] = [
    [new Uint8Array(0), /^InvalidData: Cannot read 0 bytes/],
    [valid.slice(0, 11), /^InvalidData: Cannot read 11 bytes/],
    [valid.with(0, 0), /^InvalidData: Cannot read \d+ bytes/],
    [valid.with(4, 2), /its version is 2, not 1/],
    [valid.with(20, 0xff), /its text is not UTF-8/],
    ...texts.map((text): [Uint8Array<ArrayBuffer>, RegExp] => [
      Uint8Array.of(...valid.subarray(0, 12), ...new TextEncoder().encode(text)),
      /its text (is not JSON|has no list of arguments)/,
    ]),
  ];
  for (const [bytes, why] of messages) {
    await using client = await connect(name);
    await client.write(bytes, soon);
    const answer = decodeAnswer((await client.readMessage(soon))!);
    assertEquals([answer.outcome, why.test(answer.text)], ["refused", true], answer.text);
    assertEquals(await client.readMessage(soon), null);
  }
  // Too long; and clients that leave at each moment.
  {
    using stack = new DisposableStack();
    const client = await connect(name);
    stack.defer(() => client.abort());
    await client.write(new Uint8Array(2 * MAX_LENGTH), soon).catch(() => {});
    assertEquals(await client.readMessage(soon).catch(() => null), null);
  }
  (await connect(name)).abort();
  const leaving = await connect(name);
  await leaving.write(valid, soon);
  leaving.abort();
  const silent = await connect(name);
  await SingleInstance.acquire(name, { args: ["last"], ...soon });
  silent.abort();
  assertEquals(called.filter(([arg]) => arg !== "valid"), [["last"]]);
});

Deno.test("Random messages never end the first, and none is taken as arguments that it is not", async () => {
  const name = randomName();
  const random = new Random(7);
  const called: unknown[] = [];
  await using _first = await SingleInstance.acquire(name, {
    onSecond: (...args) => void called.push(args),
  });
  const valid = encodeHandover({ args: ["one", "two"], cwd: "C:\\" });
  for (let round = 0; round < 200; round++) {
    const bytes = valid.slice(0, 1 + random.below(valid.length));
    for (let change = 0; change < 1 + round % 4; change++) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    await using client = await connect(name);
    await client.write(bytes, soon);
    if (round % 5 !== 0) await client.readMessage(soon);
  }
  for (const [args, cwd, ...more] of called as [unknown[], unknown][]) {
    assert(args.every((arg) => typeof arg === "string") && typeof cwd === "string");
    assertEquals(more, []);
  }
  assertEquals(await SingleInstance.acquire(name, { args: [], ...soon }), undefined);
});

Deno.test("close() frees the name, also from onSecond, and a waiting second becomes the first", async () => {
  const name = randomName();
  for (let round = 0; round < 3; round++) {
    const first = await SingleInstance.acquire(name, { onSecond: () => first?.close() });
    assert(first !== undefined && !first.closed);
    const second = await SingleInstance.acquire(name, { args: ["x"], ...soon });
    assert(second !== undefined, "it got no answer, so it is the first");
    assertEquals([first.closed, second.closed, second.name], [true, false, `Local\\${name}`]);
    await second.close();
    await second.close();
  }
});

Deno.test("A second gets its answer if its arguments make the first close the object", async () => {
  for (const isAsync of [false, true]) {
    const name = randomName();
    const called = Promise.withResolvers<void>();
    const first = await SingleInstance.acquire(name, {
      onSecond() {
        called.resolve();
        if (isAsync) return Promise.resolve().then(() => {});
      },
    });
    const second = SingleInstance.acquire(name, { args: [], ...soon });
    await called.promise;
    await first?.close();
    assertEquals(await second, undefined, `${isAsync}`);
  }
});

Deno.test("A process that was connected to a dead first keeps the name from nobody when it leaves", async () => {
  const name = randomName();
  await using first = await Peer.start("instance/peers/start.ts", name, "run");
  const connected = await connect(name);
  first.kill();
  await first.gone();
  const acquired = SingleInstance.acquire(name, { args: [], ...soon });
  await new Promise((resolve) => setTimeout(resolve, 100));
  connected.abort();
  const left = performance.now();
  await using instance = await acquired;
  assert(instance !== undefined);
  assertLess(performance.now() - left, 2000);
});

Deno.test("Names of the session and of all sessions differ, and Windows ignores their case", async () => {
  const name = randomName();
  await using _first = await SingleInstance.acquire(name);
  await using other = await SingleInstance.acquire(`Global\\${name}`);
  assert(other !== undefined);
  for (const same of [`Local\\${name}`, name.toUpperCase()]) {
    assertEquals(await SingleInstance.acquire(same, soon), undefined);
  }
});

Deno.test("acquire() refuses a pipe of another user, long names and long arguments", async () => {
  const name = randomName();
  using _pipe = listenPipe({
    name: instancePipe(`Local\\${name}`),
    mode: "messages",
    security: "O:SYD:P(A;;0x1f01ff;;;WD)",
  });
  await assertRejects(
    () => SingleInstance.acquire(name, soon),
    Deno.errors.PermissionDenied,
    "another user has taken its pipe",
  );
  const long = () => SingleInstance.acquire("x".repeat(250));
  await assertRejects(long, RangeError, "Expected a name of at most");
  const args = ["x".repeat(MAX_LENGTH)];
  const tooMuch = () => SingleInstance.acquire(randomName(), { args });
  await assertRejects(tooMuch, RangeError, "Expected arguments of at most 1048576 bytes");
});

Deno.test("acquire() throws InvalidData for nonsense from the first, and TimedOut if that never answers", async () => {
  const { InvalidData, TimedOut } = Deno.errors;
  const name = randomName();
  const answers = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(MAX_LENGTH + 1)];
  using pipe = listenPipe({ name: instancePipe(`Local\\${name}`), mode: "messages" });
  for (const answer of answers) {
    const acquired = SingleInstance.acquire(name, { args: ["x"], ...soon });
    const refused = assertRejects(
      () => acquired,
      InvalidData,
      `the first process of the single instance "Local\\${name}" (process ${Deno.pid}): its answer`,
    );
    await using connection = await pipe.accept();
    await connection.readMessage(soon);
    // The second leaves a message that is too long.
    await connection.write(answer, soon).catch(() => {});
    await refused;
  }
  // One that only reads, and one that ends each connection.
  for (const leaves of [false, true]) {
    const acquired = SingleInstance.acquire(name, { args: ["x"], timeout: 1000 });
    const refused = assertRejects(() => acquired, TimedOut, "Waited 1000 ms for the");
    await using connection = await pipe.accept();
    await connection.readMessage(soon);
    if (leaves) connection.abort();
    await refused;
  }
});

Deno.test("The longest arguments arrive whole", async () => {
  const name = randomName();
  const lengths: number[] = [];
  await using _first = await SingleInstance.acquire(name, {
    onSecond: (args) => void lengths.push(...args.map(({ length }) => length)),
  });
  const args = ["\u{1F600}".repeat(100_000), "\ud800", "x".repeat(500_000)];
  assertEquals(await SingleInstance.acquire(name, { args, ...soon }), undefined);
  assertEquals(lengths, [200_000, 1, 500_000]);
});

Deno.test("First and later instances leave no handle behind", async () => {
  await assertLeavesNoHandle(4, async () => {
    const name = randomName();
    await using _first = await SingleInstance.acquire(name);
    for (let count = 0; count < 10; count++) await SingleInstance.acquire(name, soon);
    (await connect(name)).abort();
  });
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { client, serve } from "../../src/rpc/mod.ts";
import { pairLinks } from "./support/pair_link.ts";

const handlers = {
  echo: (value: unknown) => value,
  sum: (bytes: Uint8Array) => bytes.reduce((sum, byte) => sum + byte, 0),
  async *reused(count: number) {
    const bytes = new Uint8Array(1);
    for (let number = 0; number < count; number++) {
      bytes[0] = number;
      yield await Promise.resolve(bytes);
    }
  },
  async *texts(lengths: number[]) {
    for (const length of lengths) yield await Promise.resolve("x".repeat(length));
  },
  async *odd() {
    yield* await Promise.resolve([1, 2, 3]);
    yield () => {};
    yield 4;
  },
};

Deno.test("Calls that are made at the same time go in few messages, in their order", async () => {
  const [near, far] = pairLinks();
  far.isRecording = true;
  near.isRecording = true;
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const numbers = Array.from({ length: 200 }, (_, index) => index);
  const results = await Promise.all(numbers.map((number) => caller.call("echo", number)));
  assertEquals(results, numbers);
  assert(near.sent.length < 10, `${near.sent.length} messages with calls`);
  assert(far.sent.length < 10, `${far.sent.length} messages with results`);
});

Deno.test("The items of a quick producer go in few messages, in their order", async () => {
  const [near, far] = pairLinks();
  far.isRecording = true;
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const items = await Array.fromAsync(caller.stream("texts", Array(640).fill(1)));
  assertEquals(items.length, 640);
  assert(far.sent.length < 40, `${far.sent.length} messages`);
});

Deno.test("A caller and a producer can change a value as soon as they have passed it on", async () => {
  const [near, far] = pairLinks();
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const bytes = new Uint8Array(1);
  const sums = [1, 2, 3, 4, 5].map((number) => {
    bytes[0] = number;
    return caller.call("sum", bytes);
  });
  bytes[0] = 99;
  assertEquals(await Promise.all(sums), [1, 2, 3, 4, 5]);
  const items = await Array.fromAsync(caller.stream("reused", 200));
  assertEquals(items.map(([byte]) => byte), Array.from({ length: 200 }, (_, index) => index));
});

Deno.test("Frames that are too long together are sent one by one, and one at fault fails alone", async () => {
  const [near, far] = pairLinks({ maxLength: 500 });
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const lengths = [10, 300, 300, 1000, 300, 10];
  for (let round = 0; round < 3; round++) {
    const calls = lengths.map((length) => caller.call("echo", "x".repeat(length)));
    const odd = caller.call("echo", () => {});
    const last = caller.call("echo", 1);
    const results = await Promise.allSettled([...calls, odd, last]);
    const states = results.map(({ status }) => status === "fulfilled");
    assertEquals(states, [true, true, true, false, true, true, false, true]);
  }
  const texts = await Array.fromAsync(caller.stream("texts", [10, 300, 300, 10, 400]));
  assertEquals(texts.map(({ length }) => length), [10, 300, 300, 10, 400]);
  const got: number[] = [];
  await assertRejects(
    async () => {
      for await (const { length } of caller.stream("texts", [10, 20, 1000, 30])) got.push(length);
    },
    RangeError,
    'Cannot send an item of "texts"',
  );
  assertEquals(got, [10, 20]);
});

Deno.test("The items before one without a clone arrive, and those after it do not", async () => {
  const [near, far] = pairLinks();
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const got: unknown[] = [];
  await assertRejects(
    async () => {
      for await (const item of caller.stream("odd")) got.push(item);
    },
    DOMException,
    'Cannot send an item of "odd"',
  );
  assertEquals(got, [1, 2, 3]);
});

// The types that a caller gets from handlers. Most of the file is checked by `deno check`.

import { assertEquals, assertRejects } from "@std/assert";
import { type CallContext, client, type ItemStream, serve } from "../../src/rpc/mod.ts";
import { pairLinks } from "./support/pair_link.ts";

const handlers = {
  add: ([a, b]: [number, number]) => a + b,
  greet: async (name?: string) => await Promise.resolve(`Hello, ${name ?? "you"}`),
  now: () => 7,
  peerOf: (_: undefined, { peer, signal }: CallContext) => [peer?.pid, signal.aborted] as const,
  async *count(to: number) {
    for (let number = 0; number < to; number++) yield await Promise.resolve(number);
  },
  texts: () => new ReadableStream<string>({ start: (controller) => controller.close() }),
  later: (): Promise<AsyncIterable<boolean>> => Promise.resolve(handlersOfLater()),
};

async function* handlersOfLater() {
  yield await Promise.resolve(true);
}

/** Fails to compile unless a value has exactly a type. */
function hasType<Expected>() {
  return <Got>(
    _value: [Got] extends [Expected] ? [Expected] extends [Got] ? Got : never : never,
  ) => {};
}

Deno.test("client() infers arguments, results and items from the handlers", async () => {
  const [near, far] = pairLinks();
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);

  const sum = await caller.call("add", [1, 2]);
  hasType<number>()(sum);
  const greeting = await caller.call("greet");
  hasType<string>()(greeting);
  hasType<number>()(await caller.call("now"));
  hasType<readonly [number | undefined, boolean]>()(await caller.call("peerOf"));
  const numbers = caller.stream("count", 3);
  hasType<ItemStream<number>>()(numbers);
  hasType<ItemStream<string>>()(caller.stream("texts"));
  hasType<ItemStream<boolean>>()(caller.stream("later"));

  assertEquals([sum, greeting], [3, "Hello, you"]);
  assertEquals(await Array.fromAsync(numbers), [0, 1, 2]);
  assertEquals(await Array.fromAsync(caller.stream("later")), [true]);
});

Deno.test("client() refuses by types what no handler takes", async () => {
  const [near, far] = pairLinks();
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);

  await assertRejects(
    // @ts-expect-error -- there is no such handler
    () => caller.call("subtract", [1, 2]),
    Deno.errors.NotFound,
    'There is no handler "subtract"',
  );
  await assertRejects(
    // @ts-expect-error -- every object has such a method, but it is no handler
    () => caller.call("toString"),
    Deno.errors.NotFound,
  );
  await assertRejects(
    // @ts-expect-error -- a stream is not the result of a call
    () => caller.call("count", 3),
    TypeError,
    '"count" returns a stream: use stream() instead of call()',
  );
  await assertRejects(
    // @ts-expect-error -- a result is not a stream
    () => caller.stream("add", [1, 2]).next(),
    TypeError,
    '"add" returns no stream: use call() instead of stream()',
  );
  // @ts-expect-error -- the arguments have another type
  assertEquals(await caller.call("add", ["1", "2"]), "12");
  // @ts-expect-error -- the arguments are missing
  await assertRejects(() => caller.call("add"));
  // @ts-expect-error -- a stream has no timeout
  await assertRejects(async () => await caller.stream("count", 3, { timeout: 5 }).next());
});

/** The interface of a service, as a file that both sides import can have it. */
interface Calculator {
  add(args: [number, number]): number;
  primes(): AsyncIterable<number>;
}

Deno.test("client() takes an interface, and serve() takes an object of that interface", async () => {
  const calculator: Calculator = {
    add: ([a, b]) => a + b,
    async *primes() {
      yield* await Promise.resolve([2, 3, 5]);
    },
  };
  const [near, far] = pairLinks();
  await using _service = serve(far, calculator);
  await using caller = client<Calculator>(near);
  const sum = await caller.call("add", [2, 3]);
  hasType<number>()(sum);
  assertEquals([sum, ...await Array.fromAsync(caller.stream("primes"))], [5, 2, 3, 5]);
  const [, other] = pairLinks();
  // @ts-expect-error -- a number is no handler
  await using _other = serve(other, { add: 1 });
});

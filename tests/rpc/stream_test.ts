import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { type CallContext, client, serve } from "../../src/rpc/mod.ts";
import { within } from "../support/within.ts";
import { pairLinks } from "./support/pair_link.ts";
import { UnhandledRejections } from "./support/unhandled.ts";

/** A producer of numbers that notes how far it is, and how it ends. */
class Numbers {
  made = 0;
  readonly ended = Promise.withResolvers<void>();
  readonly handlers = { numbers: (to: number) => this.#produce(to) };

  async *#produce(to: number) {
    try {
      for (let number = 0; number < to; number++) {
        this.made++;
        yield await Promise.resolve(number);
      }
    } finally {
      this.ended.resolve();
    }
  }
}

/** Lets everything go on that does not wait for this task. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve));
}

Deno.test("Client.stream() yields all items in order, and then ends", async () => {
  const [near, far] = pairLinks();
  const numbers = new Numbers();
  await using _service = serve(far, numbers.handlers);
  await using caller = client<typeof numbers.handlers>(near);
  for (const ahead of [1, 2, 3, 64, 65_536]) {
    const got = await Array.fromAsync(caller.stream("numbers", 1000, { ahead }));
    assertEquals(got, Array.from({ length: 1000 }, (_, index) => index));
  }
  assertEquals(await Array.fromAsync(caller.stream("numbers", 0)), []);
});

Deno.test("Client.stream() sends nothing until the first item is asked for", async () => {
  const [near, far] = pairLinks();
  const numbers = new Numbers();
  await using _service = serve(far, numbers.handlers);
  await using caller = client<typeof numbers.handlers>(near);
  const unused = caller.stream("numbers", 5);
  assertEquals(await unused.return(), { done: true, value: undefined });
  assertEquals(await unused.next(), { done: true, value: undefined });
  await settle();
  assertEquals(numbers.made, 0);
});

Deno.test("ahead holds a quick producer, and at most that many items wait", async () => {
  for (const ahead of [1, 10]) {
    const [near, far] = pairLinks();
    const numbers = new Numbers();
    await using _service = serve(far, numbers.handlers);
    await using caller = client<typeof numbers.handlers>(near);
    await using items = caller.stream("numbers", 1e6, { ahead });
    for (let taken = 1; taken < 50; taken++) {
      assertEquals(await items.next(), { done: false, value: taken - 1 });
      await settle();
      assert(numbers.made <= taken + ahead, `${numbers.made} made, ${taken} taken`);
    }
  }
});

Deno.test("Leaving a stream runs the producer's finally, however the script leaves", async () => {
  const failures: unknown[] = [];
  const ways: Record<string, (items: AsyncIterableIterator<number>) => Promise<unknown>> = {
    async break(items) {
      for await (const number of items) if (number === 3) break;
    },
    async return(items) {
      await items.next();
      await items.return?.();
    },
    async throw(items) {
      await items.next();
      await assertRejects(() => items.throw!(new Error("thrown")), Error, "thrown");
    },
    async exception(items) {
      await assertRejects(async () => {
        for await (const _ of items) throw new Error("in the loop");
      });
    },
    async dispose(items) {
      await items.next();
      await (items as AsyncIterableIterator<number> & AsyncDisposable)[Symbol.asyncDispose]();
    },
  };
  for (const [name, leave] of Object.entries(ways)) {
    const [near, far] = pairLinks();
    const numbers = new Numbers();
    await using _service = serve(far, numbers.handlers, {
      onError: (error) => failures.push(error),
    });
    await using caller = client<typeof numbers.handlers>(near);
    const items = caller.stream("numbers", 1e6);
    await leave(items);
    await within(`the producer ends after ${name}`, numbers.ended.promise, 5000);
    assertEquals(await items.next(), { done: true, value: undefined });
    assertEquals(await Array.fromAsync(caller.stream("numbers", 2)), [0, 1]);
  }
  assertEquals(failures, []);
});

Deno.test("An aborted stream rejects with the reason, and the producer's signal has it", async () => {
  await using _unhandled = new UnhandledRejections();
  const [near, far] = pairLinks();
  const seen = Promise.withResolvers<unknown>();
  const ended = Promise.withResolvers<void>();
  const handlers = {
    async *waits(_: undefined, { signal }: CallContext) {
      signal.addEventListener("abort", () => seen.resolve(signal.reason));
      try {
        yield 1;
        await new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        );
      } finally {
        ended.resolve();
      }
    },
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const controller = new AbortController();
  const { signal } = controller;
  const items = caller.stream("waits", undefined, { signal });
  assertEquals(await items.next(), { done: false, value: 1 });
  const next = items.next();
  const reason = new RangeError("Enough");
  controller.abort(reason);
  assertStrictEquals(await next.catch((error) => error), reason);
  assertEquals(await items.next(), { done: true, value: undefined });
  const atHandler = await within("the signal is aborted", seen.promise);
  assertInstanceOf(atHandler, RangeError);
  await within("the producer ends", ended.promise);

  const late = caller.stream("waits", undefined, { signal });
  assertStrictEquals(await late.next().catch((error) => error), reason);
});

Deno.test("A producer's error comes after the items before it", async () => {
  const [near, far] = pairLinks();
  const handlers = {
    async *fails() {
      yield* await Promise.resolve([1, 2]);
      throw new Deno.errors.NotFound("no third");
    },
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const items = caller.stream("fails");
  assertEquals(await items.next(), { done: false, value: 1 });
  await settle();
  assertEquals(await items.next(), { done: false, value: 2 });
  await assertRejects(() => items.next(), Deno.errors.NotFound, "no third");
  assertEquals(await items.next(), { done: true, value: undefined });
});

Deno.test("An item without a clone, or one that is too long, ends the stream with an error", async () => {
  const failures: unknown[] = [];
  const [near, far] = pairLinks({ maxLength: 1000 });
  const ended: string[] = [];
  const handlers = {
    async *items(item: "function" | "long") {
      try {
        yield await Promise.resolve(1);
        yield item === "long" ? "x".repeat(5000) : () => {};
        yield 2;
      } finally {
        ended.push(item);
      }
    },
  };
  await using _service = serve(far, handlers, { onError: (error) => failures.push(error) });
  await using caller = client<typeof handlers>(near);
  for (const [item, Thrown] of [["function", DOMException], ["long", RangeError]] as const) {
    const items = caller.stream("items", item);
    await items.next();
    await assertRejects(() => items.next(), Thrown, 'Cannot send an item of "items"');
    await settle();
    assertEquals(ended.at(-1), item);
  }
  assertEquals(failures, []);
});

Deno.test("A stream gives waiting callers of next() their items in order", async () => {
  const [near, far] = pairLinks();
  const numbers = new Numbers();
  await using _service = serve(far, numbers.handlers);
  await using caller = client<typeof numbers.handlers>(near);
  const items = caller.stream("numbers", 3);
  const results = await Promise.all([1, 2, 3, 4, 5].map(() => items.next()));
  assertEquals(results.map(({ value }) => value), [0, 1, 2, undefined, undefined]);
});

Deno.test("A peer that dies ends streams with ConnectionReset after the items that came", async () => {
  await using _unhandled = new UnhandledRejections();
  const [near, far] = pairLinks();
  const numbers = new Numbers();
  const service = serve(far, numbers.handlers);
  await using caller = client<typeof numbers.handlers>(near);
  const items = caller.stream("numbers", 1e6, { ahead: 4 });
  assertEquals(await items.next(), { done: false, value: 0 });
  await settle();
  far.die();
  const rest: number[] = [];
  await assertRejects(async () => {
    for await (const number of items) rest.push(number);
  }, Deno.errors.ConnectionReset);
  assertEquals(rest.slice(0, 3), [1, 2, 3]);
  await within("the producer ends", numbers.ended.promise);
  await service.finished;
});

Deno.test("A handler can return a ReadableStream, which is cancelled when the caller leaves", async () => {
  const [near, far] = pairLinks();
  const cancelled = Promise.withResolvers<void>();
  const handlers = {
    texts: async () =>
      await Promise.resolve(
        new ReadableStream<string>({
          pull: (controller) => controller.enqueue("text"),
          cancel: () => cancelled.resolve(),
        }),
      ),
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  for await (const text of caller.stream("texts")) {
    assertEquals(text, "text");
    break;
  }
  await within("the stream is cancelled", cancelled.promise);
});

Deno.test("A stream that is left before its handler has returned it is closed, too", async () => {
  const [near, far] = pairLinks();
  const opened = Promise.withResolvers<void>();
  const called = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const handlers = {
    async texts() {
      called.resolve();
      await opened.promise;
      return new ReadableStream<string>({ cancel: () => cancelled.resolve() });
    },
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const items = caller.stream("texts");
  const first = items.next();
  await called.promise;
  await items.return();
  assertEquals(await first, { done: true, value: undefined });
  await settle();
  opened.resolve();
  await within("the stream is cancelled", cancelled.promise);
});

Deno.test("A finally that throws after the caller has left is told to onError", async () => {
  const [near, far] = pairLinks();
  const failure = Promise.withResolvers<[unknown, unknown]>();
  const handlers = {
    async *fails() {
      try {
        for (;;) yield await Promise.resolve(1);
      } finally {
        // deno-lint-ignore no-unsafe-finally
        throw new Error("in finally");
      }
    },
  };
  await using _service = serve(far, handlers, {
    onError: (error, context) => failure.resolve([error, context]),
  });
  await using caller = client<typeof handlers>(near);
  for await (const _ of caller.stream("fails")) break;
  const [error, context] = await within("onError is called", failure.promise);
  assertInstanceOf(error, Error);
  assertEquals([error.message, context], ["in finally", {
    peer: { pid: Deno.pid },
    name: "fails",
  }]);
});

Deno.test("Client.stream() refuses invalid options", async () => {
  const [near, far] = pairLinks();
  const numbers = new Numbers();
  await using _service = serve(far, numbers.handlers);
  await using caller = client<typeof numbers.handlers>(near);
  for (const ahead of [0, -1, 1.5, NaN, 65_537]) {
    assertThrows(() => caller.stream("numbers", 1, { ahead }), RangeError, "ahead");
  }
});

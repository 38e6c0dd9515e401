import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { type CallContext, client, type MessageLink, serve } from "../../src/rpc/mod.ts";
import { within } from "../support/within.ts";
import { type PairLink, pairLinks } from "./support/pair_link.ts";
import { UnhandledRejections } from "./support/unhandled.ts";

Deno.test("serve() serves each link of an async generator, until all are over", async () => {
  const pairs = [1, 2, 3].map(() => pairLinks());
  async function* links(): AsyncGenerator<MessageLink> {
    for (const [, far] of pairs) yield await Promise.resolve(far);
  }
  const service = serve(links(), { add: ([a, b]: [number, number]) => a + b });
  for (const [near] of pairs) {
    await using caller = client<{ add(args: [number, number]): number }>(near);
    assertEquals(await caller.call("add", [1, 2]), 3);
  }
  await within("the service is over", service.finished);
});

Deno.test("Service.shutdown() lets calls end, refuses new ones and closes the source", async () => {
  await using _unhandled = new UnhandledRejections();
  const [near, far] = pairLinks();
  const [started, go] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  let isClosed = false;
  const source = {
    close: () => isClosed = true,
    async *[Symbol.asyncIterator](): AsyncGenerator<MessageLink> {
      yield far;
      await new Promise(() => {});
    },
  };
  const handlers = {
    slow() {
      started.resolve();
      return go.promise;
    },
  };
  const service = serve(source, handlers);
  await using caller = client<typeof handlers>(near);
  const call = caller.call("slow");
  await started.promise;
  const shutdown = service.shutdown();
  await assertRejects(() => caller.call("slow"), Deno.errors.ConnectionRefused, "shutting down");
  assert(isClosed);
  go.resolve("done");
  assertEquals(await call, "done");
  await within("the service is shut down", Promise.all([shutdown, service.shutdown()]));
  await within("the service is over", service.finished);
  await within("the client notices", caller.closed);
  await assertRejects(() => caller.call("slow"), Deno.errors.ConnectionReset);
});

Deno.test("Service.shutdown() aborts handlers after its timeout, which can still answer", async () => {
  const [near, far] = pairLinks();
  const ended: string[] = [];
  const handlers = {
    polite: (_: undefined, { signal }: CallContext) =>
      new Promise<string>((resolve) =>
        signal.addEventListener("abort", () => resolve("what I have so far"))
      ),
    strict: (_: undefined, { signal }: CallContext) =>
      new Promise<string>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      ),
    async *stream() {
      try {
        for (;;) yield await Promise.resolve(1);
      } finally {
        ended.push("stream");
      }
    },
  };
  const service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const polite = caller.call("polite");
  const strict = caller.call("strict").catch((error) => error);
  const items = caller.stream("stream", undefined, { ahead: 1 });
  assertEquals(await items.next(), { done: false, value: 1 });
  await within("the service is shut down", service.shutdown({ timeout: 10 }), 900);
  assertEquals(await polite, "what I have so far");
  const error = await strict;
  assertInstanceOf(error, DOMException);
  assertEquals([error.name, error.message], ["AbortError", "The service has shut down"]);
  assertEquals(await items.next(), { done: false, value: 1 });
  await assertRejects(() => items.next(), DOMException, "The service has shut down");
  assertEquals(ended, ["stream"]);
});

Deno.test("A handler that ignores its signal holds shutdown() up for a second", async () => {
  await using _unhandled = new UnhandledRejections();
  const [near, far] = pairLinks();
  const late = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  const streaming = Promise.withResolvers<void>();
  const handlers = {
    stubborn() {
      started.resolve();
      return late.promise;
    },
    async *stubbornStream() {
      streaming.resolve();
      await late.promise;
      yield 1;
    },
  };
  const service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const call = caller.call("stubborn").catch((error) => error);
  const item = caller.stream("stubbornStream").next().catch((error) => error);
  await Promise.all([started.promise, streaming.promise]);
  await within("the service is shut down", service.shutdown({ timeout: 0 }), 5000);
  assertInstanceOf(await call, Deno.errors.ConnectionReset);
  assertInstanceOf(await item, Deno.errors.ConnectionReset);
  late.reject(new Error("much too late"));
});

Deno.test("An aborted signal of serve() ends all at once", async () => {
  await using _unhandled = new UnhandledRejections();
  const [near, far] = pairLinks();
  const controller = new AbortController();
  const started = Promise.withResolvers<AbortSignal>();
  const handlers = {
    wait(_: undefined, { signal }: CallContext) {
      started.resolve(signal);
      return new Promise<void>(() => {});
    },
  };
  const service = serve(far, handlers, { signal: controller.signal });
  await using caller = client<typeof handlers>(near);
  const call = caller.call("wait").catch((error) => error);
  const signal = await started.promise;
  const reason = new Error("stop");
  controller.abort(reason);
  assertEquals(signal.reason, reason);
  assertInstanceOf(await call, Deno.errors.ConnectionReset);
  await within("the service is over", service.finished);
  await service.shutdown();
  assertThrows(() => serve(pairLinks()[1], handlers, { signal: controller.signal }), Error, "stop");
});

Deno.test("A source that fails is told to onError, and its links go on", async () => {
  const [near, far] = pairLinks();
  const failures: unknown[] = [];
  async function* links(): AsyncGenerator<MessageLink> {
    yield await Promise.resolve(far);
    throw new Deno.errors.BadResource("the source failed");
  }
  const service = serve(links(), { one: () => 1 }, { onError: (error) => failures.push(error) });
  {
    await using caller = client<{ one(): number }>(near);
    assertEquals(await caller.call("one"), 1);
    assertEquals(String(failures), "BadResource: the source failed");
  }
  await within("the service is over", service.finished);
});

Deno.test("An error of onError is ignored", async () => {
  await using _unhandled = new UnhandledRejections();
  for (
    const onError of [() => Promise.reject(new Error("async")), () => {
      throw new Error("sync");
    }]
  ) {
    const [, far] = pairLinks();
    const service = serve(far, { one: () => 1 }, { onError });
    far.put("garbage");
    await within("the service is over", service.finished);
  }
});

Deno.test("Both ends can serve and call over one link, which the last of both closes", async () => {
  const [near, far] = pairLinks();
  const handlers = (name: string) => ({
    name: () => name,
    async *names() {
      yield* await Promise.resolve([name, name]);
    },
  });
  type Both = ReturnType<typeof handlers>;
  const ends = [[near, "near"], [far, "far"]] as const;
  const sides = ends.map(([link, name]) => ({
    service: serve(link, handlers(name)),
    caller: client<Both>(link),
  }));
  const [one, other] = [sides[0]!, sides[1]!];
  const results = await Promise.all(sides.map(({ caller }) => caller.call("name")));
  assertEquals(results, ["far", "near"]);
  assertEquals(await Array.fromAsync(one.caller.stream("names")), ["far", "far"]);
  // The end of one caller leaves the link to the services.
  await one.caller[Symbol.asyncDispose]();
  assertEquals(await other.caller.call("name"), "near");
  await one.service.shutdown();
  await within("the link is over", near.closed);
  await within("the other end notices", other.service.finished);
  await assertRejects(() => other.caller.call("name"), Deno.errors.ConnectionReset);
});

Deno.test("The end of a client or a service leaves nothing undone on a link that goes on", async () => {
  await using _unhandled = new UnhandledRejections();
  const [near, far] = pairLinks();
  const gates: PromiseWithResolvers<string>[] = [];
  const signals: AbortSignal[] = [];
  const handlers = {
    slow(_: undefined, { signal }: CallContext) {
      const gate = Promise.withResolvers<string>();
      gates.push(gate);
      signals.push(signal);
      return gate.promise;
    },
    async *items() {
      await new Promise(() => {});
      yield 1;
    },
    next: () => 1,
  };
  const failures: unknown[] = [];
  const onError = (error: unknown) => failures.push(error);
  const services = [near, far].map((link) => serve(link, handlers, { onError }));
  const [first, second] = [client<typeof handlers>(near), client<typeof handlers>(far)];
  await first.call("next");
  const calls = ["slow", "slow"].map(() => first.call("slow").catch((error) => error));
  await first.call("next");
  // One more call, of which the link has not taken the request when the client is closed.
  calls.push(first.call("slow").catch((error) => error));
  first.close();
  for (const error of await Promise.all(calls)) assertInstanceOf(error, Deno.errors.BadResource);
  assertEquals(await second.call("next"), 1);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true, true]);
  // Late answers.
  for (const { resolve } of gates) resolve("late");
  assertEquals(await second.call("next"), 1);
  assertEquals(failures, []);

  // The service of the near end shuts down, and its handlers ignore that.
  await first[Symbol.asyncDispose]();
  const waiting = [second.call("slow"), second.stream("items").next()];
  await second.call("next");
  const third = services[0]!.shutdown({ timeout: 0 });
  await within("the service has ended", third);
  for (const call of waiting) {
    const error: unknown = await call.catch((error) => error);
    assertInstanceOf(error, Error);
  }
  await services[1]!.shutdown({ timeout: 0 });
  second.close();
  await within("the link is over", Promise.all([near.closed, far.closed]));
});

Deno.test("An end that has served refuses later calls, while it still calls", async () => {
  const [near, far] = pairLinks();
  const handlers = { slow: () => new Promise<void>(() => {}), next: () => 1 };
  const controller = new AbortController();
  const ended = serve(near, handlers, { signal: controller.signal });
  const caller = client<typeof handlers>(near);
  const service = serve(far, handlers);
  const other = client<typeof handlers>(far);
  const slow = other.call("slow").catch((error) => error);
  await other.call("next");
  controller.abort(new RangeError("enough"));
  await within("the service has ended", ended.finished);
  assertEquals(String(await slow), "RangeError: enough");
  await assertRejects(() => other.call("next"), Deno.errors.NotSupported);
  assertEquals(await caller.call("next"), 1);
  caller.close();
  other.close();
  await service.shutdown();
  await within("the link is over", Promise.all([near.closed, far.closed]));
});

Deno.test("A caller gets NotSupported from an end that serves nothing", async () => {
  const [near, far] = pairLinks();
  await using caller = client<{ one(): number }>(near);
  await using other = client<{ one(): number }>(far);
  await assertRejects(() => caller.call("one"), Deno.errors.NotSupported, "serves no calls");
  await assertRejects(() => other.call("one"), Deno.errors.NotSupported, "serves no calls");
  assertThrows(() => client(near), Deno.errors.Busy, "client()");
});

Deno.test("Calls in both directions over links with room for one value never deadlock", async () => {
  const [near, far] = pairLinks({ room: 1 });
  const handlers = {
    echo: (value: number) => value,
    async *numbers(to: number) {
      for (let number = 0; number < to; number++) yield await Promise.resolve(number);
    },
  };
  const flood = async (link: PairLink) => {
    const caller = client<typeof handlers>(link);
    const calls = Array.from({ length: 500 }, (_, index) => caller.call("echo", index));
    const streams = [1, 2, 3].map(() => Array.fromAsync(caller.stream("numbers", 300)));
    const [sums, items] = await Promise.all([Promise.all(calls), Promise.all(streams)]);
    assertEquals(sums, Array.from({ length: 500 }, (_, index) => index));
    for (const got of items) assertEquals(got.length, 300);
    return caller;
  };
  const services = [near, far].map((link) => serve(link, handlers));
  const callers = await within("all calls settle", Promise.all([near, far].map(flood)));
  for (const caller of callers) caller.close();
  await Promise.all(services.map((service) => service.shutdown()));
});

Deno.test("Service and Client pass ref() and unref() on to the links and their source", async () => {
  const held: Record<string, boolean> = {};
  const hold = (name: string) => ({
    ref: () => held[name] = true,
    unref: () => held[name] = false,
  });
  const [near, far] = pairLinks();
  Object.assign(near, hold("near"));
  Object.assign(far, hold("far"));
  const go = Promise.withResolvers<void>();
  const source = {
    ...hold("source"),
    async *[Symbol.asyncIterator](): AsyncGenerator<MessageLink> {
      await go.promise;
      yield far;
    },
  };
  const service = serve(source, { one: () => 1 });
  service.unref();
  assertEquals(held, { source: false });
  go.resolve();
  await using caller = client<{ one(): number }>(near);
  await caller.call("one");
  assertEquals(held, { source: false, far: false });
  service.ref();
  caller.unref();
  assertEquals(held, { source: false, far: true, near: false });
  caller.ref();
  assertEquals(held.near, true);
});

Deno.test("serve() and client() refuse invalid arguments", () => {
  const [near, far] = pairLinks();
  const odd: unknown[] = [undefined, null, 1, "link", {}, []];
  for (const link of odd) {
    assertThrows(() => Reflect.apply(client, undefined, [link]), TypeError);
    assertThrows(() => Reflect.apply(serve, undefined, [link, {}]), TypeError);
  }
  for (const handlers of [undefined, null, 1, "handlers"]) {
    assertThrows(() => Reflect.apply(serve, undefined, [far, handlers]), TypeError, "handlers");
  }
  assertThrows(() => serve(far, {}, { concurrency: 0 }), RangeError, "concurrency");
  assertThrows(() => serve(far, {}, { concurrency: 1025 }), RangeError, "concurrency");
  // Nothing was sent, and the link is free.
  assertEquals([near.count, far.count], [0, 0]);
});

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { type CallContext, client, serve } from "../../src/rpc/mod.ts";
import { within } from "../support/within.ts";
import { pairLinks } from "./support/pair_link.ts";
import { UnhandledRejections } from "./support/unhandled.ts";

/** Handlers of any name, for callers that know no types. */
type Untyped = Record<string, (args: unknown) => unknown>;

/** Waits until a condition holds. */
async function until(what: string, condition: () => boolean): Promise<void> {
  await within(
    what,
    (async () => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve));
    })(),
    5000,
  );
}

Deno.test("Client.call() passes on any value that can be cloned, both ways", async () => {
  const [near, far] = pairLinks();
  await using _service = serve(far, { echo: (value: unknown) => value });
  await using caller = client<Untyped>(near);
  const cycle: unknown[] = [1];
  cycle.push(cycle);
  for (
    const value of [
      undefined,
      null,
      0,
      -0,
      NaN,
      5n,
      "",
      "text",
      new Map([[1, new Set([2])]]),
      cycle,
    ]
  ) {
    assertEquals(await caller.call("echo", value), value);
  }
  assertEquals(await caller.call("echo"), undefined);
});

Deno.test("serve() calls only functions that are own properties of the handlers", async () => {
  class Service {
    own = () => "own";
    text = "text";
    inherited() {
      return "inherited";
    }
  }
  const [near, far] = pairLinks();
  await using _service = serve<object>(far, new Service());
  await using caller = client<Untyped>(near);
  assertEquals(await caller.call("own", 1), "own");
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
  for (const name of [...names, "inherited", "text", "", "a".repeat(1000)]) {
    const error = await assertRejects(() => caller.call(name, 1), Deno.errors.NotFound);
    assert(error.message.length < 200, error.message);
  }
});

Deno.test("serve() calls handlers with the object as this, and looks them up at each call", async () => {
  const [near, far] = pairLinks();
  const handlers: Untyped & { step: number } = Object.assign(Object.create(null), {
    step: 2,
    next(this: { step: number }, from: number) {
      return from + this.step;
    },
  });
  await using _service = serve<object>(far, handlers);
  await using caller = client<Untyped>(near);
  assertEquals(await caller.call("next", 1), 3);
  handlers.next = () => "replaced";
  assertEquals(await caller.call("next", 1), "replaced");
  delete handlers.next;
  await assertRejects(() => caller.call("next", 1), Deno.errors.NotFound);
});

Deno.test("A handler gets the process at the other end as context.peer", async () => {
  const [near, far] = pairLinks();
  await using _service = serve(far, { who: (_: undefined, { peer }: CallContext) => peer?.pid });
  await using caller = client<{ who(): number | undefined }>(near);
  assertEquals(await caller.call("who"), Deno.pid);
});

Deno.test("An aborted call rejects at once with the reason, and aborts the handler's signal", async () => {
  await using _unhandled = new UnhandledRejections();
  const [near, far] = pairLinks();
  const seen = Promise.withResolvers<unknown>();
  const started = Promise.withResolvers<void>();
  const handlers = {
    wait: (_: undefined, { signal }: CallContext) =>
      new Promise<string>((resolve) => {
        signal.addEventListener("abort", () => {
          seen.resolve(signal.reason);
          // Too late: the caller has gone on.
          resolve("late");
        });
        started.resolve();
      }),
    next: () => "next",
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const controller = new AbortController();
  const call = caller.call("wait", undefined, { signal: controller.signal });
  await started.promise;
  const reason = new RangeError("Changed my mind");
  controller.abort(reason);
  assertStrictEquals(await call.catch((error) => error), reason);
  const atHandler = await within("the handler's signal is aborted", seen.promise);
  assertInstanceOf(atHandler, RangeError);
  assertEquals(atHandler.message, "Changed my mind");
  assertEquals(await caller.call("next"), "next");
});

Deno.test("A call with an aborted signal is not sent", async () => {
  const [near, far] = pairLinks();
  near.isRecording = true;
  await using _service = serve(far, { next: () => 1 });
  await using caller = client<{ next(): number }>(near);
  const signal = AbortSignal.abort(new Error("before"));
  await assertRejects(() => caller.call("next", undefined, { signal }), Error, "before");
  assertEquals(near.sent.length, 1, "only the hello is sent");
});

Deno.test("A call that is aborted in the same turn is still aborted at its handler", async () => {
  const failures: unknown[] = [];
  const reasons: unknown[] = [];
  const [near, far] = pairLinks();
  const handlers = {
    echo: (value: unknown) => value,
    wait: (_: unknown, { signal }: CallContext) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        })
      ),
  };
  await using _service = serve(far, handlers, { onError: (error) => failures.push(error) });
  await using caller = client<typeof handlers>(near);
  // The second call waits for the link, and the third one has no clone.
  for (const args of [1, 2, () => {}]) {
    const controller = new AbortController();
    const others = [caller.call("echo", 1), caller.call("echo", 2)].slice(Number(args === 1));
    const call = caller.call("wait", args, { signal: controller.signal });
    controller.abort(new Error("at once"));
    await assertRejects(() => call, Error, "at once");
    await Promise.all(others);
  }
  await until("both handlers are aborted", () => reasons.length === 2);
  assertEquals(await caller.call("echo", 3), 3);
  assertEquals([failures, reasons.map(String)], [[], ["Error: at once", "Error: at once"]]);
});

Deno.test("An aborted call is answered by an end, and not by a result that nobody reads", async () => {
  const [near, far] = pairLinks();
  far.isRecording = true;
  const go = Promise.withResolvers<string>();
  const handlers = { slow: () => go.promise, next: () => 1 };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  await assertRejects(
    () => caller.call("slow", undefined, { timeout: 1 }),
    Deno.errors.TimedOut,
  );
  await caller.call("next");
  go.resolve("x".repeat(1000));
  await until("the end is sent", () => JSON.stringify(far.sent).includes("[8,1]"));
  assert(!JSON.stringify(far.sent).includes("xxx"));
});

Deno.test("A call rejects with TimedOut, and the handler's signal has the same reason", async () => {
  const [near, far] = pairLinks();
  const seen = Promise.withResolvers<unknown>();
  const handlers = {
    wait: (_: undefined, { signal }: CallContext) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          seen.resolve(signal.reason);
          reject(signal.reason);
        })
      ),
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const error = await assertRejects(
    () => caller.call("wait", undefined, { timeout: 5 }),
    Deno.errors.TimedOut,
    'Waited 5 ms for the result of "wait"',
  );
  const reason = await within("the handler's signal is aborted", seen.promise);
  assertInstanceOf(reason, Deno.errors.TimedOut);
  assertEquals(reason.message, error.message);
});

Deno.test("A value without a clone or too long rejects the call, and the link goes on", async () => {
  await using _unhandled = new UnhandledRejections();
  const failures: unknown[] = [];
  const [near, far] = pairLinks({ maxLength: 2000 });
  const handlers = {
    echo: (value: unknown) => value,
    uncloneable: () => () => {},
    tooLong: () => "x".repeat(5000),
    uncloneableCause(): void {
      throw new RangeError("outer", { cause: new Error("inner", { cause: () => {} }) });
    },
    throwsFunction(): void {
      throw () => {};
    },
    longMessage(): void {
      throw new TypeError("y".repeat(5000));
    },
    throwingGetter: () => ({
      get value() {
        throw new SyntaxError("in a getter");
      },
    }),
  };
  await using _service = serve(far, handlers, { onError: (error) => failures.push(error) });
  await using caller = client<typeof handlers>(near);

  const clone = await assertRejects(() => caller.call("echo", () => {}), DOMException);
  assertEquals(clone.name, "DataCloneError");
  await assertRejects(() => caller.call("echo", "x".repeat(5000)), RangeError, "too long");
  const result = await assertRejects(
    () => caller.call("uncloneable"),
    DOMException,
    'Cannot send the result of "uncloneable"',
  );
  assertEquals(result.name, "DataCloneError");
  await assertRejects(() => caller.call("tooLong"), RangeError, 'the result of "tooLong"');
  const outer = await assertRejects(() => caller.call("uncloneableCause"), RangeError, "outer");
  assertInstanceOf(outer.cause, Error);
  assertEquals([outer.cause.message, outer.cause.cause], ["inner", undefined]);
  await assertRejects(() => caller.call("throwsFunction"), Error, "threw a function");
  await assertRejects(() => caller.call("longMessage"), TypeError, "yyy");
  await assertRejects(() => caller.call("throwingGetter"), SyntaxError, "in a getter");
  assertEquals(await caller.call("echo", 1), 1);
  assertEquals(failures, []);
});

Deno.test("A call can be aborted with a reason that has no clone or is long", async () => {
  const [near, far] = pairLinks({ maxLength: 500 });
  const reasons: unknown[] = [];
  const handlers = {
    wait: (_: undefined, { signal }: CallContext) =>
      new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          resolve();
        })
      ),
    next: () => 1,
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const long = Object.assign(new TypeError("x".repeat(5000), { cause: () => {} }), {
    code: "y".repeat(5000),
  });
  for (const reason of [() => {}, long, undefined]) {
    const controller = new AbortController();
    const call = caller.call("wait", undefined, { signal: controller.signal });
    await caller.call("next");
    controller.abort(reason);
    await call.catch(() => {});
  }
  await until("all handlers are aborted", () => reasons.length === 3);
  assertEquals(
    reasons.map((reason) => reason instanceof Error && reason.name),
    ["RemoteError", "TypeError", "AbortError"],
  );
  assertEquals(await caller.call("next"), 1);
});

Deno.test("A handler that fails after its caller has gone is told to onError", async () => {
  for (const isDead of [true, false]) {
    const [near, far] = pairLinks();
    const failures: [unknown, string | undefined][] = [];
    const go = Promise.withResolvers<void>();
    const handlers = {
      async fails() {
        await go.promise;
        throw new RangeError("in vain");
      },
      next: () => 1,
    };
    await using _service = serve(far, handlers, {
      onError: (error, { name }) => failures.push([error, name]),
    });
    await using caller = client<typeof handlers>(near);
    const call = caller.call("fails", undefined, { timeout: isDead ? 5000 : 1 }).catch(() => {});
    await caller.call("next");
    if (isDead) near.die();
    await call;
    go.resolve();
    await until("onError is called", () => failures.some(([, name]) => name === "fails"));
    assertEquals(String(failures.at(-1)?.[0]), "RangeError: in vain");
  }
});

Deno.test("A peer that dies rejects all calls with ConnectionReset, and aborts all handlers", async () => {
  await using _unhandled = new UnhandledRejections();
  for (const dies of ["server", "client"]) {
    const [near, far] = pairLinks();
    const reasons: unknown[] = [];
    const failures: unknown[] = [];
    const handlers = {
      wait: (_: undefined, { signal }: CallContext) =>
        new Promise<void>(() =>
          signal.addEventListener("abort", () => reasons.push(signal.reason))
        ),
      next: () => 1,
    };
    await using service = serve(far, handlers, { onError: (error) => failures.push(error) });
    await using caller = client<typeof handlers>(near);
    const calls = [1, 2, 3].map(() => caller.call("wait").catch((error) => error));
    assertEquals(await caller.call("next"), 1);
    (dies === "server" ? far : near).die();
    for (const error of await Promise.all(calls)) {
      assertInstanceOf(error, Deno.errors.ConnectionReset);
    }
    await assertRejects(() => caller.call("next"), Deno.errors.ConnectionReset);
    await service.finished;
    await caller.closed;
    assertEquals(reasons.length, 3);
    for (const reason of reasons) assertInstanceOf(reason, Deno.errors.ConnectionReset);
    assertEquals(failures.length, dies === "client" ? 1 : 0);
  }
});

Deno.test("Client.close() rejects calls with BadResource, and ends the service of the link", async () => {
  const [near, far] = pairLinks();
  const handlers = { wait: () => new Promise<void>(() => {}), next: () => 1 };
  const service = serve(far, handlers);
  const caller = client<typeof handlers>(near);
  const call = caller.call("wait");
  await caller.call("next");
  caller.close();
  caller.close();
  await assertRejects(() => call, Deno.errors.BadResource, "The client is closed");
  await assertRejects(() => caller.call("next"), Deno.errors.BadResource, "The client is closed");
  await within("the service ends", service.finished);
  await within("the client is closed", caller.closed);
});

Deno.test("concurrency bounds the handlers that run for a link, in the order of the calls", async () => {
  const [near, far] = pairLinks();
  const waiting: (() => void)[] = [];
  const started: number[] = [];
  const handlers = {
    async work(id: number) {
      started.push(id);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return id;
    },
  };
  await using _service = serve(far, handlers, { concurrency: 2 });
  await using caller = client<typeof handlers>(near);
  const controller = new AbortController();
  const calls = [1, 2, 3, 4, 5].map((id) =>
    caller.call("work", id, id === 3 ? { signal: controller.signal } : {})
  );
  await until("two handlers run", () => waiting.length === 2);
  // The abort of a call that waits is not held up by the handlers that run.
  controller.abort(new Error("no longer"));
  await assertRejects(() => calls[2]!, Error, "no longer");
  for (let done = 0; done < 4; done++) {
    await until("a handler runs", () => waiting.length > 0);
    assert(waiting.length <= 2);
    waiting.shift()!();
  }
  assertEquals(await Promise.all(calls.toSpliced(2, 1)), [1, 2, 4, 5]);
  assertEquals(started, [1, 2, 4, 5]);
});

Deno.test("A client has 1024 calls under way, and further calls wait without being sent", async () => {
  const [near, far] = pairLinks();
  let running = 0;
  let most = 0;
  const handlers = {
    async work(id: number) {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve));
      running--;
      return id;
    },
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  const ids = Array.from({ length: 5000 }, (_, id) => id);
  const late = new AbortController();
  const given = ids.map(() => caller.call("work", 0, { signal: late.signal }).catch(() => "given"));
  const calls = ids.map((id) => caller.call("work", id));
  late.abort();
  assertEquals(new Set(await Promise.all(given)), new Set(["given"]));
  assertEquals(await Promise.all(calls), ids);
  assert(most <= 1024, `${most} handlers ran at once`);
});

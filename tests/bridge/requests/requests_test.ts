// Task: test:bridge
//
// Calls and streams through a NATS server: what crosses, who answers, and how links end.

import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { natsLink, natsLinks } from "../../../src/bridge/mod.ts";
import { greetingBytes, readGreeting, START_LENGTH } from "../../../src/bridge/requests/frame.ts";
import {
  type CallContext,
  type Client,
  client,
  type MessageLink,
  serve,
} from "../../../src/rpc/mod.ts";
import { busyHandlers, keepBusy, running } from "../../rpc/support/busy_handlers.ts";
import { UnhandledRejections } from "../../rpc/support/unhandled.ts";
import { NatsServer } from "../../support/nats_server.ts";
import { Peer } from "../../support/peer.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { soon } from "../../support/soon.ts";
import { within } from "../../support/within.ts";
import { connectTo } from "./nats.ts";

/** Time in which a dead peer must be noticed, in milliseconds. */
const NOTICE = 3000;

/** The reasons with which handlers were aborted. */
const aborted: unknown[] = [];

const handlers = {
  add: ([a, b]: [number, number]) => a + b,
  length: (bytes: Uint8Array) => bytes.length,
  bytes: (length: number) => new Uint8Array(length).fill(7),
  fail() {
    throw new RangeError("on purpose", { cause: new TypeError("the cause") });
  },
  async *count(to: number) {
    for (let number = 0; number < to; number++) yield await Promise.resolve(number);
  },
  wait: (_: undefined, { signal }: CallContext) =>
    new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        aborted.push(signal.reason);
        resolve();
      });
    }),
};

/** Starts a script and waits until it writes "ready". */
function startPeer(script: "service" | "caller", ...args: string[]): Promise<Peer> {
  const url = peerUrl(`bridge/requests/peers/${script}.ts`).href;
  const flags = ["--no-check", "--no-prompt", "--allow-ffi", "--allow-net=127.0.0.1"];
  return Peer.startProgram(Deno.execPath(), "run", ...flags, url, ...args);
}

/** Waits until a condition is true. */
async function until(what: string, isTrue: () => boolean, timeout?: number): Promise<void> {
  let isLate = false;
  const look = async () => {
    while (!isTrue() && !isLate) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(what, look(), timeout).finally(() => isLate = true);
}

Deno.test("Calls through a NATS server have answers, errors, streams and aborts as next door", async (t) => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start({ config: ["max_payload: 4096"] }));
  const [near, far] = [await connectTo(server, stack), await connectTo(server, stack)];
  stack.use(serve(natsLinks(far, "tools.calculator", { maxMessageLength: 100_000 }), handlers));
  await far.connection.flush();
  const link = await natsLink(near, "tools.calculator", soon);
  const calculator = stack.use(client<typeof handlers>(link));

  await t.step("A call has its answer, and an error its class, message and cause", async () => {
    assertEquals(await calculator.call("add", [1, 2], soon), 3);
    const error = await assertRejects(
      () => calculator.call("fail", undefined, soon),
      RangeError,
      "on purpose",
    );
    assert(error.cause instanceof TypeError, String(error.cause));
    assertEquals(error.cause.message, "the cause");
  });

  await t.step("A stream has all items in order, and 100 calls are under way at once", async () => {
    const numbers: number[] = [];
    for await (const number of calculator.stream("count", 2000)) numbers.push(number);
    assertEquals(numbers, Array.from({ length: 2000 }, (_, number) => number));
    const sums = await Promise.all(
      numbers.slice(0, 100).map((number) => calculator.call("add", [number, 1], soon)),
    );
    assertEquals(sums, numbers.slice(1, 101));
  });

  await t.step("An abort reaches the signal of the handler, with the reason", async () => {
    const controller = new AbortController();
    const call = calculator.call("wait", undefined, { signal: controller.signal });
    const reason = new RangeError("enough");
    // The call before is under way when a later one has its answer.
    assertEquals(await calculator.call("add", [2, 2], soon), 4);
    controller.abort(reason);
    assertEquals(await call.catch((error) => error), reason);
    await until("the handler is aborted", () => aborted.length > 0);
    assertEquals([String(aborted[0]), aborted.length], ["RangeError: enough", 1]);
  });

  await t.step(
    "Values over the server's max_payload cross in parts, in both directions",
    async () => {
      assertEquals(await calculator.call("length", new Uint8Array(90_000), soon), 90_000);
      const bytes = await calculator.call("bytes", 500_000, soon);
      assertEquals([bytes.length, bytes.every((byte) => byte === 7)], [500_000, true]);
    },
  );

  await t.step(
    "A value without a clone, or over the peer's maximum, fails its call alone",
    async () => {
      // @ts-expect-error -- a function has no clone
      const call = calculator.call("add", [() => {}, 1], soon);
      assertEquals((await assertRejects(() => call, DOMException)).name, "DataCloneError");
      await assertRejects(
        () => calculator.call("length", new Uint8Array(100_000), soon),
        RangeError,
        'link over NATS to "tools.calculator": it is encoded as',
      );
      assertEquals(await calculator.call("add", [2, 3], soon), 5);
    },
  );

  await t.step("The service's shutdown ends the link, and nobody listens any more", async () => {
    const service = serve(natsLinks(far, "brief"), handlers);
    await far.connection.flush();
    const brief = client<typeof handlers>(await natsLink(near, "brief"));
    const waiting = brief.call("wait");
    assertEquals(await brief.call("add", [1, 1], soon), 2);
    await service.shutdown({ timeout: 0 });
    await within("the handler is aborted", waiting);
    assertStringIncludes(String(aborted.at(-1)), "The service has shut down");
    await within("the client is closed", brief.closed);
    await assertRejects(() => natsLink(near, "brief"), Deno.errors.NotFound);
  });
});

Deno.test("Two servers of a subject share the links, and each link belongs to one of them", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const near = await connectTo(server, stack);
  let welcomes = 0;
  near.connection.subscribe("_INBOX.*", {
    callback: (_, { data }) => void (readGreeting(data)?.kind === "welcome" && welcomes++),
  });
  for (const name of ["first", "second"]) {
    const far = await connectTo(server, stack);
    stack.use(serve(natsLinks(far, "who"), { who: () => name }));
    await far.connection.flush();
  }
  const names = await Promise.all(Array.from({ length: 24 }, async () => {
    await using caller = client<{ who: () => string }>(await natsLink(near, "who", soon));
    const answers = await Promise.all(Array.from({ length: 5 }, () => caller.call("who")));
    assertEquals(new Set(answers).size, 1);
    return answers[0]!;
  }));
  // One of 2 ** 23 runs has all links at one server.
  assertEquals([...new Set(names)].sort(), ["first", "second"]);
  assertEquals(welcomes, 24);
});

Deno.test("A link goes on when two queue groups have heard its hello: the quicker one serves it", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const near = await connectTo(server, stack);
  let welcomes = 0;
  let beats = 0;
  near.connection.subscribe("_INBOX.*", {
    callback(_, { data }) {
      if (readGreeting(data)?.kind === "welcome") welcomes++;
      else if (data.length === START_LENGTH + 4) beats++;
    },
  });
  for (const queue of ["first", "second"]) {
    const far = await connectTo(server, stack);
    stack.use(serve(natsLinks(far, "who", { queue }), { who: () => queue }));
    await far.connection.flush();
  }
  const caller = stack.use(client<{ who: () => string }>(await natsLink(near, "who", soon)));
  const first = await caller.call("who", undefined, soon);
  await until("two beats have come", () => beats >= 2);
  assertEquals([await caller.call("who", undefined, soon), welcomes], [first, 2]);
});

Deno.test("natsLink() says at once that nobody listens, and gives up on others in time", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const nats = await connectTo(server, stack);
  const begin = performance.now();
  const error = await assertRejects(() => natsLink(nats, "nobody"), Deno.errors.NotFound);
  assertEquals(
    error.message,
    'Nobody listens on the subject "nobody": start the service, and check that both use the same ' +
      "subject, and the same account of the NATS server",
  );
  assertLess(performance.now() - begin, 2000);

  // Something else listens, and even answers.
  nats.connection.subscribe("other", {
    callback(_, { reply }) {
      nats.connection.publish(reply!, new Uint8Array(40));
      // It has not read the token of the hello.
      const lie = { kind: "welcome", to: 6n, token: 6n, maxLength: 10, window: 2048 } as const;
      nats.connection.publish(reply!, greetingBytes(lie), { reply: "nowhere" });
    },
  });
  const late = () => natsLink(nats, "other", { timeout: 1000 });
  const text = 'Waited 1000 ms for a service on the subject "other": what listens there may not be';
  await assertRejects(late, Deno.errors.TimedOut, text);
  const signal = AbortSignal.timeout(50);
  assertEquals(await natsLink(nats, "other", { signal }).catch((error) => error), signal.reason);
  await nats.connection.close();
  await assertRejects(() => natsLink(nats, "other"), Deno.errors.BadResource, "is closed");
});

Deno.test("A killed service rejects all calls within seconds, and a new one answers new links", async () => {
  await using _unhandled = new UnhandledRejections();
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const nats = await connectTo(server, stack);
  const service = stack.use(await startPeer("service", server.address, "busy"));
  // As in the next test, Wine can hide the end of the service from the NATS server.
  const options = { ...soon, maxSilence: 2000 };
  const caller: Client<typeof busyHandlers> = client(await natsLink(nats, "busy", options));
  const ended = keepBusy(caller);
  const quiet: Client<typeof busyHandlers> = client(await natsLink(nats, "busy", options));
  const waiting = quiet.call("wait").catch((error) => error);
  await quiet.call("echo", 1, soon);
  service.kill();
  const errors = await within("all calls fail", Promise.all([ended, waiting]), 2 * NOTICE);
  for (const error of errors.flat()) {
    assert(error instanceof Deno.errors.ConnectionReset, String(error));
    assertStringIncludes(error.message, 'link over NATS to "busy" ended: the peer has ');
  }
  await within("the clients are closed", Promise.all([caller.closed, quiet.closed]));
  stack.use(serve(natsLinks(nats, "busy"), busyHandlers));
  await using again: Client<typeof busyHandlers> = client(await natsLink(nats, "busy", soon));
  assertEquals(await again.call("echo", 5, soon), 5);
});

Deno.test("A killed client has its handlers aborted within seconds, and others go on", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const nats = await connectTo(server, stack);
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  // Wine's server can keep the socket of a killed process open, so that the NATS server sees no end
  // of it. The link then ends by the silence of its peer.
  const links = natsLinks(nats, "busy", { maxSilence: 2000 });
  stack.use(serve(links, busyHandlers, { onError }));
  await using other: Client<typeof busyHandlers> = client(await natsLink(nats, "busy", soon));
  const caller = stack.use(await startPeer("caller", server.address, "busy"));
  await until("the handlers run", () => running.count > 2);
  caller.kill();
  await until("the handlers end", () => running.count === 0, 2 * NOTICE);
  assertEquals(await other.call("echo", 5, soon), 5);
  assertEquals(errors.length, 1);
  assert(errors[0] instanceof Deno.errors.ConnectionReset);
  assertStringIncludes(errors[0].message, 'from a client of "busy" ended: the peer has ');
});

Deno.test("A restart of the NATS server ends all links, and new links work without a new service", async () => {
  await using _unhandled = new UnhandledRejections();
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const [near, far] = [await connectTo(server, stack), await connectTo(server, stack)];
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  stack.use(serve(natsLinks(far, "calculator"), handlers, { onError }));
  await far.connection.flush();
  const links = await Promise.all([1, 2].map(() => natsLink(near, "calculator", soon)));
  const callers = links.map((link) => client<typeof handlers>(link));
  const waiting = callers.map((caller) => caller.call("wait").catch((error) => error));
  // The handlers before run when a later one has answered.
  for (const caller of callers) assertEquals(await caller.call("add", [1, 2], soon), 3);
  const count = aborted.length;
  await server.kill();
  const told = "ended: this process has lost its connection to the NATS server";
  for (const error of await within("the calls fail", Promise.all(waiting), NOTICE)) {
    assert(error instanceof Deno.errors.ConnectionReset, String(error));
    assertStringIncludes(error.message, `The link over NATS to "calculator" ${told}`);
  }
  await until("the handlers are aborted", () => aborted.length === count + 2);
  assertEquals(errors.map((error) => String(error).includes(told)), [true, true]);
  await assertRejects(
    () => natsLink(near, "calculator", { timeout: 100 }),
    Deno.errors.TimedOut,
    "the NATS server is not reached",
  );
  // Both clients connect again at moments of their own. The first attempt begins before that.
  const attempt = () =>
    natsLink(near, "calculator", soon).catch((error) => {
      assert(error instanceof Deno.errors.NotFound, String(error));
      return undefined;
    });
  let attempted = attempt();
  await server.restart();
  let again: MessageLink | undefined;
  while ((again = await attempted) === undefined) attempted = attempt();
  await using caller = client<typeof handlers>(again);
  assertEquals(await caller.call("add", [2, 2], soon), 4);
});

Deno.test("The end of a connection ends its links at both ends, and the iteration of natsLinks()", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const [near, far] = [await connectTo(server, stack), await connectTo(server, stack)];
  const links = natsLinks(far, "calculator")[Symbol.asyncIterator]();
  await far.connection.flush();
  const link = await natsLink(near, "calculator");
  const other: IteratorResult<typeof link> = await within("the client links", links.next());
  const ends = [link, other.value].map((end) => end[Symbol.asyncIterator]().next());
  const all: Promise<unknown>[] = [...ends, links.next()];
  const errors = Promise.all(all.map((end) => end.catch((error) => error)));
  await far.connection.close();
  assertEquals((await within("all of them end", errors)).map(String), [
    'ConnectionReset: The link over NATS to "calculator" ended: the peer has died, or has lost its ' +
    "connection to the NATS server",
    'ConnectionReset: The link over NATS from a client of "calculator" ended: the connection to ' +
    "the NATS server is closed",
    'ConnectionReset: Cannot listen on the subject "calculator": the connection to the NATS ' +
    "server is closed",
  ]);
  await Promise.all([link.closed, other.value.closed]);
});

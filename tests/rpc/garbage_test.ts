// Frames that a faulty or hostile peer sends: they end that link alone.

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { client, type LinkSource, type MessageLink, serve } from "../../src/rpc/mod.ts";
import { AsyncQueue } from "../../src/wait/queue.ts";
import { Random } from "../support/random.ts";
import { within } from "../support/within.ts";
import { type PairLink, pairLinks } from "./support/pair_link.ts";
import { UnhandledRejections } from "./support/unhandled.ts";

const HELLO = [0, "winipc rpc", 1];
const CALL = [1, 1, "wait", undefined];
const STREAM = [2, 1, "numbers", undefined, 4];
const ERROR = ["Error", "message", undefined, undefined, undefined];
const nested = (depth: number): unknown =>
  depth === 0 ? ERROR : ["Error", "message", undefined, ["error", nested(depth - 1)], undefined];

/** Values that no field takes. */
const ODD = [undefined, null, true, "1", "", 1n, {}, [], [1], NaN, Infinity, -Infinity, -1, 0, 1.5];
const NO_ID = [...ODD, 2 ** 53, Number.MAX_VALUE];
const NO_CREDIT = [...ODD, 65_537, 2 ** 32];
const NO_TEXT = [undefined, null, 1, 1n, {}, ["a"]];
const NO_ERROR = [
  null,
  1,
  "error",
  {},
  [],
  [...ERROR, 1],
  ERROR.slice(1),
  nested(8),
  ...NO_TEXT.map((text) => [text, ...ERROR.slice(1)]),
  ...NO_TEXT.map((text) => ["Error", text, ...ERROR.slice(2)]),
  ...[null, {}, 1n, true].map((code) => ["Error", "", code, undefined, undefined]),
  ...[null, {}, 1, "cause", [], ["value"], ["other", 1], ["error", 1], ["error", ERROR, 1]].map(
    (cause) => ["Error", "", undefined, cause, undefined],
  ),
  ...[null, 1, {}].map((stack) => ["Error", "", undefined, undefined, stack]),
];

/** Lists of values that a server must not get. The last value of each is the wrong one. */
function* forServers(): Generator<unknown[]> {
  yield* [undefined, null, 1, "hello", {}, [], [HELLO]].map((value) => [value]);
  yield* [[0, "winipc rpc"], [0, "winipc", 1], [0, "winipc rpc", 2], [...HELLO, 1], CALL, STREAM]
    .map((value) => [value]);
  yield* NO_TEXT.map((version) => [[0, "winipc rpc", version === 1 ? 2 : version]]);
  const frames: unknown[] = [undefined, null, 1, "call", {}, [], [undefined], HELLO];
  for (const kind of [-1, 0.5, 9, 2 ** 32, NaN, "1", 1n, null, "__proto__"]) {
    frames.push([kind, 1, "wait", undefined], [kind, 1]);
  }
  for (const frame of [CALL, STREAM, [3, 1, 1], [4, 1, undefined]]) {
    frames.push(frame.slice(0, -1), [...frame, 1]);
  }
  for (const id of NO_ID) {
    frames.push([1, id, "wait", 0], [2, id, "wait", 0, 1], [3, id, 1], [4, id, undefined]);
  }
  for (const name of NO_TEXT) frames.push([1, 1, name, 0], [2, 1, name, 0, 1]);
  for (const credit of NO_CREDIT) frames.push([2, 1, "numbers", 0, credit]);
  // Calls that there are not, and answers to no call.
  frames.push([3, 1, 1], [4, 1, undefined], [5, 1, 0], [6, 1, ERROR], [7, 1, [0]], [8, 1]);
  yield* frames.map((frame) => [HELLO, frame]);
  yield [HELLO, CALL, CALL];
  yield [HELLO, [1, 5, "wait", 0], [1, 4, "wait", 0]];
  yield [HELLO, [1, 2 ** 53 - 1, "wait", 0], [1, 2 ** 53 - 1, "wait", 0]];
  yield [HELLO, CALL, [3, 1, 1]];
  yield [HELLO, CALL, [4, 1, undefined], [4, 1, undefined]];
  yield [HELLO, CALL, [4, 2, undefined]];
  for (const credit of NO_CREDIT) yield [HELLO, STREAM, [3, 1, credit]];
  yield [HELLO, [2, 1, "holds", undefined, 65_536], [3, 1, 1]];
  for (const error of NO_ERROR) yield [HELLO, CALL, [4, 1, error]];
  const many = Array.from({ length: 1025 }, (_, id) => [1, id + 1, "wait", 0]);
  yield [HELLO, ...many];
}

/** Lists of values that a client must not get after a call with id 1 and a stream with id 2. */
function* forClients(): Generator<unknown[]> {
  yield* [[], [0, "winipc rpc", 2], [5, 1, 0]].map((value) => [value]);
  const frames: unknown[] = [undefined, 1, [], [9, 1, 0], HELLO];
  for (const frame of [[5, 1, 0], [6, 1, ERROR], [7, 2, [0]], [8, 2]]) {
    frames.push(frame.slice(0, -1), [...frame, 1], [frame[0], 3, ...frame.slice(2)]);
    for (const id of NO_ID) frames.push([frame[0], id, ...frame.slice(2)]);
  }
  for (const error of [undefined, ...NO_ERROR]) frames.push([6, 1, error]);
  // An item or an end for a call, and a result for a stream.
  frames.push([7, 1, [0]], [8, 1], [5, 2, 0]);
  // Too many items, and none.
  frames.push([7, 2, []], [7, 2, Array(65).fill(0)], [7, 2, [0, 0, 0, 0]]);
  for (const values of ODD) if (!Array.isArray(values)) frames.push([7, 2, values]);
  // Credit for no stream of this end, and an abort of no call.
  frames.push([3, 2, 0], [4, 1, null]);
  yield* frames.map((frame) => [HELLO, frame]);
  yield [HELLO, [5, 1, 0], [5, 1, 0]];
  yield [HELLO, [8, 2], [7, 2, [0]]];
  // The consumer has taken one item, so that the peer has credit for three.
  yield [HELLO, ...Array(4).fill([7, 2, [0]])];
}

const handlers = {
  wait: () => new Promise<void>(() => {}),
  async *numbers() {
    for (;;) yield await Promise.resolve(1);
  },
  async *holds() {
    await new Promise(() => {});
    yield 1;
  },
  add: ([a, b]: [number, number]) => a + b,
};

/** A source of links that the test puts there. */
class Links implements LinkSource {
  readonly #queue = new AsyncQueue<MessageLink>();
  put(link: MessageLink): void {
    this.#queue.put(link);
  }
  close(): void {
    this.#queue.end();
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<MessageLink> {
    for (let link; (link = await this.#queue.take()) !== undefined;) yield link;
  }
}

/** Waits for the end of a link, of which this end is one. */
async function over(what: string, link: PairLink): Promise<void> {
  await within(what, link.closed, 5000);
}

Deno.test("serve() ends a link whose peer sends garbage, and goes on with other links", async () => {
  await using _unhandled = new UnhandledRejections();
  const links = new Links();
  const failures: unknown[] = [];
  await using _service = serve(links, handlers, { onError: (error) => failures.push(error) });
  const [near, far] = pairLinks();
  links.put(far);
  await using good = client<typeof handlers>(near);
  let count = 0;
  for (const frames of forServers()) {
    const [hostile, served] = pairLinks();
    links.put(served);
    for (const frame of frames) served.put([frame]);
    const shown = Deno.inspect(frames.slice(-2));
    await over(`the link ends after ${shown}`, served);
    count++;
    assertEquals(failures.length, count, shown);
    assertInstanceOf(failures.at(-1), Deno.errors.InvalidData, shown);
    assert(failures.at(-1)!.toString().length < 400);
    await hostile[Symbol.asyncDispose]();
    assertEquals(await good.call("add", [count, 1]), count + 1);
  }
  assert(count > 150, `${count} kinds of garbage`);
});

Deno.test("A client ends a link whose peer sends garbage, and rejects its calls", async () => {
  await using _unhandled = new UnhandledRejections();
  let count = 0;
  for (const frames of forClients()) {
    const [near, hostile] = pairLinks();
    await using caller = client<typeof handlers>(near);
    const call = caller.call("wait").then(() => "result", (error) => error);
    const items = caller.stream("numbers", undefined, { ahead: 2 });
    const first = items.next().then(() => "item", (error) => error);
    for (const frame of frames) near.put([frame]);
    const shown = Deno.inspect(frames.slice(-2));
    await over(`the link ends after ${shown}`, near);
    const results = [await call, await first];
    assert(results.some((error) => error instanceof Deno.errors.InvalidData), shown);
    await assertRejects(() => caller.call("wait"), Deno.errors.InvalidData);
    await hostile[Symbol.asyncDispose]();
    count++;
  }
  assert(count > 100, `${count} kinds of garbage`);
});

Deno.test("A message that is no list of frames ends the link, also after the hello", async () => {
  const messages = [undefined, null, 1, "hello", {}, [], HELLO, [[HELLO]], Array(65).fill(HELLO)];
  for (const message of messages) {
    for (const first of [[], [[HELLO]]]) {
      const [hostile, served] = pairLinks();
      const failures: unknown[] = [];
      const service = serve(served, handlers, { onError: (error) => failures.push(error) });
      for (const before of first) served.put(before);
      served.put(message);
      await over(`the link ends after ${Deno.inspect(message)}`, served);
      assertInstanceOf(failures[0], Deno.errors.InvalidData);
      await service.finished;
      await hostile[Symbol.asyncDispose]();
    }
  }
});

Deno.test("A peer that calls and never reads its answers loses its link", async () => {
  const [hostile, served] = pairLinks({ room: 1 });
  const failures: unknown[] = [];
  let calls = 0;
  const service = serve(served, { echo: () => ++calls, wait: handlers.wait }, {
    concurrency: 4,
    onError: (error) => failures.push(error),
  });
  served.put([HELLO]);
  for (let id = 1; id <= 1100; id++) served.put([[1, id, "echo", 0]]);
  await over("the link ends", served);
  await service.finished;
  assertInstanceOf(failures[0], Deno.errors.InvalidData);
  assert(calls <= 8, `${calls} handlers ran`);
  await hostile[Symbol.asyncDispose]();
});

Deno.test("Frames that come too late, or that are valid, do not end a link", async () => {
  const links = new Links();
  const failures: unknown[] = [];
  await using _service = serve(links, handlers, { onError: (error) => failures.push(error) });
  const [near, far] = pairLinks();
  links.put(far);
  const iterator = near[Symbol.asyncIterator]();
  assertEquals((await iterator.next()).value, [HELLO]);
  far.put([HELLO, [1, 7, "add", [1, 2]]]);
  assertEquals((await iterator.next()).value, [[5, 7, 3]]);
  // The call is over: a client sends these before it knows that.
  for (const frame of [[4, 7, undefined], [3, 7, 5], [4, 1, ERROR]]) far.put([frame]);
  far.put([[1, 2 ** 53 - 1, "add", [3, 4]]]);
  assertEquals((await iterator.next()).value, [[5, 2 ** 53 - 1, 7]]);
  assertEquals(failures, []);
  await near[Symbol.asyncDispose]();
});

/** Returns a frame, a nearly valid frame, or something else. */
function randomValue(random: Random): unknown {
  const pick = (values: readonly unknown[]) => values[random.below(values.length)];
  const id = () => random.below(3) > 0 ? 1 + random.below(20) : pick(NO_ID);
  const name = () => pick(["add", "wait", "numbers", "__proto__", "", undefined, 1]);
  const error = () => pick([undefined, ERROR, nested(3), ...NO_ERROR]);
  const frames = [
    () => [1, id(), name(), pick([undefined, [1, 2], null])],
    () => [2, id(), name(), undefined, random.below(2) > 0 ? 1 + random.below(9) : pick(NO_CREDIT)],
    () => [3, id(), random.below(2) > 0 ? 1 + random.below(9) : pick(NO_CREDIT)],
    () => [4, id(), error()],
    () => [5, id(), 1],
    () => [6, id(), error()],
    () => [7, id(), pick([[1], [1, 2], [], Array(65).fill(1), 1])],
    () => [8, id()],
    () => pick(ODD),
    () => [random.below(12), id(), pick(ODD), pick(ODD)].slice(random.below(4)),
  ];
  return frames[random.below(frames.length)]!();
}

Deno.test("Random frames never hang a link, and leave nothing unhandled", async () => {
  await using _unhandled = new UnhandledRejections();
  const random = new Random(20_261_130);
  for (let round = 0; round < 400; round++) {
    const [near, far] = pairLinks();
    const isServer = round % 2 === 0;
    const service = isServer ? serve(far, handlers) : undefined;
    const caller = isServer ? undefined : client<typeof handlers>(far);
    const calls = [1, 2, 3].map(() => caller?.call("wait").catch(() => {}));
    const items = [1, 2].map(() => caller?.stream("numbers").next().catch(() => {}));
    far.put([HELLO]);
    for (let count = 1 + random.below(30); count > 0; count--) {
      const frames = Array.from({ length: 1 + random.below(3) }, () => randomValue(random));
      far.put(random.below(50) === 0 ? randomValue(random) : frames);
    }
    await near[Symbol.asyncDispose]();
    await over(`round ${round} is over`, far);
    await within(`the calls of round ${round} settle`, Promise.all([...calls, ...items]), 5000);
    await service?.finished;
    await caller?.closed;
  }
});

import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertRejects } from "@std/assert";
import { waitUntil } from "../../src/sync/mod.ts";

Deno.test("waitUntil() calls the function at once, and returns its value", async () => {
  assertEquals(await waitUntil(() => 0, { timeout: 0 }), 0);
  assertEquals(await waitUntil(() => null, { timeout: 0 }), null);
  assertEquals(await waitUntil(() => "", { timeout: 0 }), "");
});

Deno.test("waitUntil() calls the function again while it returns undefined or false", async () => {
  const answers = [undefined, false, "found"];
  assertEquals(await waitUntil(() => answers.shift()), "found");
  assertEquals(answers, []);
});

Deno.test("waitUntil() makes pauses of the given interval", async () => {
  const start = performance.now();
  let calls = 0;
  await waitUntil(() => ++calls === 4, { interval: 50 });
  assertGreaterOrEqual(performance.now() - start, 3 * 50 - 5);
});

Deno.test("waitUntil() throws TimedOut after its timeout, which can be shorter than the interval", async () => {
  const start = performance.now();
  await assertRejects(
    () => waitUntil(() => false, { timeout: 20, interval: 60_000 }),
    Deno.errors.TimedOut,
    "Waited 20 ms for a value from check(), but did not find it",
  );
  assertLess(performance.now() - start, 30_000);
});

Deno.test("waitUntil() stops when its signal is aborted, with the signal's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = waitUntil(() => undefined, { interval: 60_000, signal: controller.signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
});

Deno.test("waitUntil() refuses a function that returns a promise", async () => {
  await assertRejects(
    () => waitUntil(() => Promise.resolve(5), { timeout: 0 }),
    TypeError,
    "Expected check() to return a value, got a promise: call waitUntil() with a function",
  );
});

Deno.test("waitUntil() rejects with the error that the function throws", async () => {
  const fail = () => {
    throw new RangeError("broken");
  };
  await assertRejects(() => waitUntil(fail), RangeError, "broken");
});

Deno.test("waitUntil() does not call the function if its signal is aborted already", async () => {
  const reason = new Error("enough");
  const fail = () => {
    throw new RangeError("called");
  };
  const waiting = waitUntil(fail, { signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => waiting), reason);
});

Deno.test("waitUntil() refuses an async function, whose failure does not end the process", async () => {
  const fail = () => Promise.reject(new Error("failed"));
  await assertRejects(() => waitUntil(fail), TypeError, "got a promise");
  // An unhandled rejection would fail the test in the next turn of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("waitUntil() that finds a value at once, again and again, lets timers go on", async () => {
  let isOver = false;
  const timer = setTimeout(() => isOver = true, 20);
  const deadline = performance.now() + 20_000;
  while (!isOver) {
    await waitUntil(() => true);
    assert(performance.now() < deadline, "The timer does not fire");
  }
  clearTimeout(timer);
});

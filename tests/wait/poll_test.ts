import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { AsyncQueue } from "../../src/wait/queue.ts";
import { poll } from "../../src/wait/options.ts";

Deno.test("poll() looks at once and returns the result", async () => {
  assertEquals(await poll("it", () => 5, { timeout: 0 }), 5);
});

Deno.test("poll() looks until there is a result", async () => {
  let looks = 0;
  assertEquals(await poll("it", () => (++looks < 4 ? undefined : looks)), 4);
});

Deno.test("poll() looks less and less often", async () => {
  let looks = 0;
  const count = () => void looks++;
  await assertRejects(() => poll("it", count, { timeout: 200 }), Deno.errors.TimedOut);
  // The pauses are 1, 2, 4, 8, 16 and then 32 ms. Without growing pauses there would be 200 looks.
  assertLess(looks, 15);
});

Deno.test("poll() looks once when the timeout is 0", async () => {
  let looks = 0;
  await assertRejects(
    () => poll("the thing", () => void looks++, { timeout: 0 }),
    Deno.errors.TimedOut,
    "Waited 0 ms for the thing, but did not find it",
  );
  assertEquals(looks, 1);
});

Deno.test("poll() stops at once when it is aborted, with the signal's reason", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  let looks = 0;
  const waiting = poll("it", () => void looks++, { signal: controller.signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  assertEquals(looks, 1);
});

Deno.test("poll() stops if it is aborted while it looks", async () => {
  const controller = new AbortController();
  let looks = 0;
  const look = () => {
    looks++;
    controller.abort("enough");
    return undefined;
  };
  const options = { signal: controller.signal, timeout: 500 };
  assertEquals(await poll("it", look, options).catch((error) => error), "enough");
  assertEquals(looks, 1);
});

Deno.test("poll() does not look if its signal is already aborted", async () => {
  let looks = 0;
  await assertRejects(() => poll("it", () => ++looks, { signal: AbortSignal.abort() }));
  assertEquals(looks, 0);
});

Deno.test("poll() rejects with the error that the look throws", async () => {
  await assertRejects(
    () =>
      poll("it", () => {
        throw new RangeError("broken");
      }),
    RangeError,
    "broken",
  );
});

Deno.test("poll() refuses an invalid timeout", async () => {
  for (const timeout of [-1, 0.5, NaN, 2 ** 31]) {
    await assertRejects(() => poll("it", () => 1, { timeout }), RangeError, "timeout");
  }
});

Deno.test("poll() and AsyncQueue.take() refuse options of the wrong kind", async () => {
  const wrong: [options: object, text: string][] = [
    [{ timeout: "5" }, 'Expected timeout to be a number, got "5"'],
    [{ timeout: 5n }, "Expected timeout to be a number, got 5n"],
    [{ signal: 5 }, "Expected signal to be an AbortSignal, got 5"],
    [{ signal: null }, "Expected signal to be an AbortSignal, got null"],
  ];
  const mailbox = new AsyncQueue<number>();
  mailbox.put(1);
  for (const [options, text] of wrong) {
    for (const wait of [() => poll("it", () => 1, options), () => mailbox.take(options)]) {
      assertEquals((await assertRejects(wait, TypeError)).message, text);
    }
  }
  assertEquals(await mailbox.take(), 1);
});

Deno.test("poll() that finds something at once, again and again, lets timers go on", async () => {
  let isOver = false;
  const timer = setTimeout(() => isOver = true, 20);
  const deadline = performance.now() + 20_000;
  while (!isOver) {
    await poll("something", () => true);
    assert(performance.now() < deadline, "The timer does not fire");
  }
  clearTimeout(timer);
});

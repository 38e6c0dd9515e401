import { assertEquals, assertLess } from "@std/assert";
import { EVENT_LOOP, EventLoop, PATIENCE } from "../../src/wait/event_loop.ts";

Deno.test("EventLoop.blockBriefly() stops blocking after a short time, until the next event-loop turn", async () => {
  for (let turn = 0; turn < 3; turn++) {
    let count = 0;
    const wait = () => {
      const end = performance.now() + PATIENCE / 4;
      while (performance.now() < end);
      return ++count;
    };
    for (let number = 1; EVENT_LOOP.blockBriefly(wait) !== undefined; number++) {
      assertEquals(count, number);
    }
    assertLess(count, 6);
    assertEquals(EVENT_LOOP.blockBriefly(wait), undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

Deno.test("EventLoop.countWait() adapts at once to waits that become slow", async () => {
  let time = 0;
  const loop = new EventLoop({ now: () => time, immediate: queueMicrotask });
  let lastTurn = 0;
  /** Waits once, and returns the time since the last turn if a turn is due. */
  const wait = async (milliseconds: number): Promise<number | undefined> => {
    time += milliseconds;
    if (!loop.countWait()) return undefined;
    await loop.turn();
    const since = time - lastTurn;
    lastTurn = time;
    return since;
  };
  for (let i = 0; i < 100_000; i++) await wait(0.001);
  const gaps: number[] = [];
  while (gaps.length < 10) {
    const gap = await wait(0.05);
    if (gap !== undefined) gaps.push(gap);
  }
  // The first gap begins while the waits are still fast.
  assertLess(Math.max(...gaps.slice(1)), 8);
});

import { assertEquals, assertLess } from "@std/assert";
import { EVENT_LOOP, PATIENCE } from "../../src/wait/event_loop.ts";

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

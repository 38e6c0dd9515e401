import { assertEquals, assertLess } from "@std/assert";
import { PATIENCE, standStillBriefly } from "../../src/wait/event_loop.ts";

Deno.test("standStillBriefly() has had enough of it after a while, until the event loop's next turn", async () => {
  for (let turn = 0; turn < 3; turn++) {
    let count = 0;
    const wait = () => {
      const end = performance.now() + PATIENCE / 4;
      while (performance.now() < end);
      return ++count;
    };
    for (let number = 1; standStillBriefly(wait) !== undefined; number++) {
      assertEquals(count, number);
    }
    assertLess(count, 6);
    assertEquals(standStillBriefly(wait), undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

import { assertLess } from "@std/assert";
import { interruptTime, UNITS_PER_MILLISECOND } from "../../ffi/platform.ts";

Deno.test("interruptTime() advances with the clock, tick by tick", () => {
  const time = interruptTime();
  // Both clocks are read just after a tick, so that they measure the same time.
  const nextTick = () => {
    const before = time[0]!;
    const deadline = performance.now() + 5000;
    while (time[0] === before && performance.now() < deadline);
    return { units: time[0]!, milliseconds: performance.now() };
  };
  const begin = nextTick();
  let end = nextTick();
  while (end.milliseconds - begin.milliseconds < 300) end = nextTick();
  const passed = ((end.units - begin.units) >>> 0) / UNITS_PER_MILLISECOND;
  // The tolerance is wide, because this thread may have been interrupted just after a tick.
  assertLess(Math.abs(passed - (end.milliseconds - begin.milliseconds)), 200);
});

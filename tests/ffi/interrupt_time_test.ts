import { assertLess } from "@std/assert";
import { interruptTime, UNITS_PER_MILLISECOND } from "../../ffi/platform.ts";

Deno.test("interruptTime() goes on as time does, tick by tick", () => {
  const time = interruptTime();
  // From one tick to another, so that both clocks begin and end together.
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
  // This thread may have been stopped just after a tick.
  assertLess(Math.abs(passed - (end.milliseconds - begin.milliseconds)), 200);
});

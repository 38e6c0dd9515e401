import { assertEquals } from "@std/assert";
import { Progress } from "../../bench/compare/progress.ts";

/** Returns a screen that keeps what is written, and a clock. */
function fakeScreen(isTerminal: boolean) {
  const written: string[] = [];
  const clock = { time: 0 };
  const write = (text: string) => void written.push(text);
  return { written, clock, write, isTerminal, columns: 30, now: () => clock.time };
}

Deno.test("Progress corrects the estimates by the clock", () => {
  const screen = fakeScreen(false);
  using progress = new Progress(screen);
  progress.begin({ name: "first", estimate: 60_000, rest: 60_000 });
  assertEquals(progress.left, 120_000);
  screen.clock.time = 30_000;
  assertEquals(progress.left, 90_000);
  screen.clock.time = 150_000;
  assertEquals(progress.left, 60_000);
  progress.begin({ name: "second", estimate: 60_000, rest: 0 });
  // 150 s for 60 s, and 30 s of trust in the estimate.
  assertEquals(progress.left, 120_000);
});

Deno.test("Progress does not correct its estimates by the time of an installation", () => {
  const screen = fakeScreen(false);
  using progress = new Progress(screen);
  progress.begin({ name: "installing", estimate: 120_000, rest: 60_000, isTypical: false });
  screen.clock.time = 1000;
  progress.begin({ name: "first", estimate: 60_000, rest: 0 });
  assertEquals(progress.left, 60_000);
});

Deno.test("Progress writes a line now and then", () => {
  const screen = fakeScreen(false);
  using progress = new Progress(screen);
  for (let step = 0; step < 60; step++) {
    screen.clock.time = step * 1000;
    progress.begin({ name: `step ${step}`, estimate: 1000, rest: (59 - step) * 1000 });
  }
  assertEquals(screen.written, [
    "1 min  0 s left: step 0\n",
    "0 min 45 s left: step 15\n",
    "0 min 30 s left: step 30\n",
    "0 min 15 s left: step 45\n",
  ]);
});

Deno.test("Progress writes its line again on a terminal, and clears it", () => {
  const screen = fakeScreen(true);
  {
    using progress = new Progress(screen);
    progress.begin({ name: "a step with a long name", estimate: 1000, rest: 0 });
    progress.print("a line that stays");
  }
  const line = "\r\x1b[K0 min  1 s left: a step with ";
  assertEquals(screen.written, [line, "\r\x1b[Ka line that stays\n", line, "\r\x1b[K"]);
});

Deno.test("Progress.rename() shows another name of the step, with the same estimate", () => {
  const screen = fakeScreen(true);
  using progress = new Progress(screen);
  progress.rename("no step");
  progress.begin({ name: "first", estimate: 60_000, rest: 0 });
  screen.clock.time = 20_000;
  progress.rename("second");
  assertEquals(screen.written, [
    "\r\x1b[K1 min  0 s left: first",
    "\r\x1b[K0 min 40 s left: second",
  ]);
});

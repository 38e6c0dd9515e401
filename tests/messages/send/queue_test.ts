import { assert, assertEquals } from "@std/assert";
import { SendQueue } from "../../../src/messages/send/pool.ts";

/** Makes a send with a number. `since` is the latest send when its handler began, or 0. */
function send(number: number, since = 0): { number: number; since: number; over: boolean } {
  return { number, since, over: false };
}

/**
 * Returns the numbers of the sends that begin at each step. Each step ends the oldest running send.
 */
function goOut(...sends: ReturnType<typeof send>[]): number[][] {
  const queue = new SendQueue<ReturnType<typeof send>>();
  const steps: number[][] = [];
  const onTheirWay = [];
  for (const job of sends) queue.add(job);
  while (!queue.isEmpty) {
    const ready = queue.takeReady();
    steps.push(ready.map(({ jobs }) => jobs[0]!.number));
    onTheirWay.push(...ready);
    queue.finish(onTheirWay.shift()!);
  }
  return steps;
}

Deno.test("SendQueue begins sends without a handler one after another", () => {
  assertEquals(goOut(send(1), send(2), send(3)), [[1], [2], [3]]);
});

Deno.test("SendQueue begins a handler's send beside a send that began before the handler", () => {
  assertEquals(goOut(send(1), send(2, 1)), [[2, 1], []]);
  assertEquals(goOut(send(1), send(2), send(4, 2), send(5, 2)), [[4, 1], [5], [2], []]);
});

Deno.test("SendQueue begins a handler's send after a send that began after the handler", () => {
  assertEquals(goOut(send(2), send(3, 1)), [[2], [3]]);
  assertEquals(goOut(send(2, 1), send(3)), [[2], [3]]);
});

Deno.test("SendQueue begins a send without a handler after all sends that began before it", () => {
  assertEquals(goOut(send(1), send(2, 1), send(3)), [[2, 1], [], [3]]);
});

Deno.test("SendQueue begins the sends of nested handlers at once, the innermost first", () => {
  assertEquals(goOut(send(1), send(2, 1), send(3, 2), send(4, 3)), [[4, 3, 2, 1], [], [], []]);
});

Deno.test("SendQueue begins a handler's send after an earlier send of a handler that began later", () => {
  assertEquals(goOut(send(1), send(3, 2), send(4, 1)), [[3, 1], [4], []]);
  assertEquals(goOut(send(1), send(3, 1), send(4, 2)), [[4, 3, 1], [], []]);
});

Deno.test("SendQueue leaves out a send that is aborted while it waits", () => {
  const sends = [send(1), send(2), send(3)];
  sends[1]!.over = true;
  assertEquals(goOut(...sends), [[1], [3]]);
});

Deno.test("SendQueue orders a thousand sends of a thousand handlers within 5 s", () => {
  const before = performance.now();
  const steps = goOut(...Array.from({ length: 1000 }, (_, i) => send(i + 1001, i)));
  assertEquals(steps.flat().length, 1000);
  assert(performance.now() - before < 5000);
});

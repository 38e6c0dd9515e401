import { assert, assertEquals } from "@std/assert";
import { SendQueue } from "../../../src/messages/send/pool.ts";

/** Makes a send with a number, of a handler that began after so many sends. */
function send(number: number, since = 0): { number: number; since: number; over: boolean } {
  return { number, since, over: false };
}

/** The numbers of the sends that go out at each step, while the first of each step is answered. */
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

Deno.test("SendQueue lets sends of no handler out one after the other", () => {
  assertEquals(goOut(send(1), send(2), send(3)), [[1], [2], [3]]);
});

Deno.test("SendQueue lets a handler's send out beside one that began before the handler", () => {
  assertEquals(goOut(send(1), send(2, 1)), [[2, 1], []]);
  assertEquals(goOut(send(1), send(2), send(4, 2), send(5, 2)), [[4, 1], [5], [2], []]);
});

Deno.test("SendQueue has a handler's send wait for one that began after the handler", () => {
  assertEquals(goOut(send(2), send(3, 1)), [[2], [3]]);
  assertEquals(goOut(send(2, 1), send(3)), [[2], [3]]);
});

Deno.test("SendQueue has a send of no handler wait for all that began before it", () => {
  assertEquals(goOut(send(1), send(2, 1), send(3)), [[2, 1], [], [3]]);
});

Deno.test("SendQueue lets the sends of handlers within handlers out, the innermost first", () => {
  assertEquals(goOut(send(1), send(2, 1), send(3, 2), send(4, 3)), [[4, 3, 2, 1], [], [], []]);
});

Deno.test("SendQueue has a send wait for that of a handler which began later, and not the other way", () => {
  assertEquals(goOut(send(1), send(3, 2), send(4, 1)), [[3, 1], [4], []]);
  assertEquals(goOut(send(1), send(3, 1), send(4, 2)), [[4, 3, 1], [], []]);
});

Deno.test("SendQueue leaves out what is given up while it waits", () => {
  const sends = [send(1), send(2), send(3)];
  sends[1]!.over = true;
  assertEquals(goOut(...sends), [[1], [3]]);
});

Deno.test("SendQueue orders a thousand sends of a thousand handlers quickly", () => {
  const before = performance.now();
  const steps = goOut(...Array.from({ length: 1000 }, (_, i) => send(i + 1001, i)));
  assertEquals(steps.flat().length, 1000);
  assert(performance.now() - before < 5000);
});

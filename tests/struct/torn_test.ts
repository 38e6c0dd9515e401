/**
 * Runs a reader and a writer in all orders of their steps, in one thread. A step of the reader is
 * an `Atomics.load`, and a step of the writer is one store.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { readConsistent, readNewest, type Seqlock, struct } from "../../src/struct/mod.ts";

/** Returns a number from 0 to `most`. */
type Choose = (most: number) => number;

/** Calls a function once for each sequence of choices that it can make. */
function explore(run: (choose: Choose) => void): number {
  const path: { taken: number; most: number }[] = [];
  for (let runs = 1;; runs++) {
    let at = 0;
    run((most) => {
      const choice = path[at] ??= { taken: 0, most };
      at++;
      return choice.taken;
    });
    while (path.length > 0 && path.at(-1)!.taken === path.at(-1)!.most) path.pop();
    if (path.length === 0) return runs;
    path.at(-1)!.taken++;
  }
}

/** Lets a writer do any number of its steps before each load of a reader. */
function interleave<T>(choose: Choose, steps: (() => void)[], read: () => T): T {
  const { load } = Atomics;
  const left = [...steps];
  Reflect.set(Atomics, "load", (words: Int32Array, index: number) => {
    for (let count = choose(left.length); count > 0; count--) left.shift()!();
    return Reflect.apply(load, Atomics, [words, index]);
  });
  try {
    return read();
  } finally {
    Reflect.set(Atomics, "load", load);
  }
}

/** The reader copies `b` after `a`. */
const Locked = struct({ begin: "u32", end: "u32", a: "u32", b: "u32" });

/** Returns the number of orders in which the reader found a value. */
function wholeReads(
  lock: Seqlock,
  steps: (view: ReturnType<typeof Locked.view>) => (() => void)[],
) {
  let whole = 0;
  const orders = explore((choose) => {
    const memory = new ArrayBuffer(Locked.byteLength);
    const writer = steps(Locked.view(memory));
    const value = interleave(
      choose,
      writer,
      () => readConsistent(memory, Locked, lock, { attempts: 1 }),
    );
    if (value === undefined) return;
    assertEquals(value.a, value.b);
    whole++;
  });
  assert(orders > 1000, `There are only ${orders} orders`);
  return whole;
}

Deno.test("readConsistent() returns no torn value by two counters, in any order of steps", () => {
  const whole = wholeReads({ begin: "begin", end: "end" }, (view) =>
    [1, 2].flatMap((number) => [
      () => view.begin = number,
      () => view.a = number,
      () => view.b = number,
      () => view.end = number,
    ]));
  assert(whole > 0);
});

Deno.test("readConsistent() returns no torn value by one counter, in any order of steps", () => {
  const whole = wholeReads({ sequence: "begin" }, (view) =>
    [1, 2].flatMap((number) => [
      () => view.begin++,
      () => view.b = number,
      () => view.a = number,
      () => view.begin++,
    ]));
  assert(whole > 0);
});

for (const [count, full] of [[2, 0], [2, 1], [3, 1]] as const) {
  const title = `${count} buffers, of which ${full} is full at first`;
  Deno.test(`readNewest() returns no torn value of ${title}, in any order of steps`, () => {
    let whole = 0;
    explore((choose) => {
      const words = new Int32Array(3 * count);
      const buffers = Array.from({ length: count }, (_, i) => ({
        tick: 4 * i,
        byteOffset: 4 * (count + 2 * i),
      }));
      // The writer fills each buffer once, and the first one twice.
      const steps = Array.from({ length: count + 1 }, (_, i) => i + 1).flatMap((tick) => {
        const at = (tick - 1) % count;
        return [
          () => words[count + 2 * at] = tick,
          () => words[count + 2 * at + 1] = tick,
          () => words[at] = tick,
        ];
      });
      for (const step of steps.splice(0, 3 * full)) step();
      const newest = interleave(
        choose,
        steps,
        () => readNewest(words, 8, buffers, { attempts: 1 }),
      );
      if (newest === undefined) return;
      const [a, b] = new Int32Array(newest.bytes.buffer, newest.bytes.byteOffset, 2);
      assertEquals([a, b], [newest.tick, newest.tick]);
      whole++;
    });
    assert(whole > 0);
  });
}

Deno.test("readNewest() returns no torn value if a program clears the tick of any buffer to fill it", () => {
  let whole = 0;
  explore((choose) => {
    const buffers = [0, 1, 2].map((i) => ({ tick: 4 * i, byteOffset: 12 + 8 * i }));
    const words = Int32Array.of(1, 0, 0, 1, 1, 0, 0, 0, 0);
    // It fills buffer 1, and then 0 again, so that buffer 2 always has a lower tick.
    const steps = [[1, 2], [0, 3]].flatMap(([at, tick]) => [
      () => words[at!] = 0,
      () => words[3 + 2 * at!] = tick!,
      () => words[4 + 2 * at!] = tick!,
      () => words[at!] = tick!,
    ]);
    const newest = interleave(choose, steps, () => readNewest(words, 8, buffers, { attempts: 1 }));
    if (newest === undefined) return;
    const [a, b] = new Int32Array(newest.bytes.buffer, newest.bytes.byteOffset, 2);
    assertEquals([a, b], [newest.tick, newest.tick]);
    whole++;
  });
  assert(whole > 0);
});

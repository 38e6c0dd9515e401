import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { Worker } from "node:worker_threads";
import { SharedWord } from "../../ffi/shared_word.ts";

/** A thread that stores 1 to 100, each after the test has stored 0 again. */
const PROGRAM = `
  import { workerData } from "node:worker_threads";
  const { SharedWord } = await import(workerData.url);
  const word = new SharedWord(workerData.buffer);
  for (let value = 1; value <= 100; value++) {
    while (word.value !== 0) word.blockWhile(word.value, 1000);
    word.replace(0, value);
  }
`;

Deno.test("SharedWord.blockWhile() returns false after its time, and true at once for another value", () => {
  const word = new SharedWord(new SharedArrayBuffer(4));
  const started = performance.now();
  assertEquals(word.blockWhile(0, 30), false);
  assertGreaterOrEqual(performance.now() - started, 25);
  assertEquals(word.blockWhile(1, 60_000), true);
  word.set(7);
  assertEquals([word.value, word.blockWhile(0, 60_000)], [7, true]);
});

Deno.test("SharedWord.replace() stores nothing if the word has another value than the given one", () => {
  const word = new SharedWord(new SharedArrayBuffer(4));
  word.set(2);
  word.replace(0, 1);
  assertEquals(word.value, 2);
  word.replace(2, 3);
  assertEquals(word.value, 3);
});

Deno.test("SharedWord.replace() of another thread ends blockWhile() and untilNot()", async () => {
  const buffer = new SharedArrayBuffer(4);
  const word = new SharedWord(buffer);
  const url = new URL("../../ffi/shared_word.ts", import.meta.url).href;
  const program = new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`);
  const worker = new Worker(program, { workerData: { buffer, url } });
  try {
    for (let value = 1; value <= 100; value++) {
      if (value % 2 === 0) await word.untilNot(0);
      else for (let tries = 0; !word.blockWhile(0, 30_000); tries++) assertLess(tries, 100);
      assertEquals(word.value, value);
      word.set(0);
    }
    assert(word.value === 0);
  } finally {
    await worker.terminate();
  }
});

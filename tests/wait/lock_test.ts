import { assert, assertEquals, assertRejects } from "@std/assert";
import { Lock } from "../../src/wait/queue.ts";

Deno.test("Lock goes to one task at a time, in the order in which the tasks asked", async () => {
  const lock = new Lock();
  assert(!lock.isHeld);
  await lock.acquire();
  assert(lock.isHeld);
  const order: number[] = [];
  const tasks = [1, 2, 3].map(async (task) => {
    await lock.acquire();
    order.push(task);
    assert(lock.isHeld);
    lock.release();
  });
  lock.release();
  // The lock goes directly to the first waiting task, so it is not free in between.
  assert(lock.isHeld);
  await Promise.all(tasks);
  assertEquals(order, [1, 2, 3]);
  assert(!lock.isHeld);
});

Deno.test("Lock does not go to a task that has stopped waiting", async () => {
  const lock = new Lock((timeout) => new RangeError(`late by ${timeout}`));
  await lock.acquire();
  const controller = new AbortController();
  const aborted = lock.acquire({ signal: controller.signal });
  const patient = lock.acquire();
  await assertRejects(() => lock.acquire({ timeout: 0 }), RangeError, "late by 0");
  controller.abort(new Error("enough"));
  lock.release();
  await assertRejects(() => aborted, Error, "enough");
  await patient;
  assert(lock.isHeld);
});

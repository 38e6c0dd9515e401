import { assertEquals, assertRejects } from "@std/assert";
import { AsyncQueue, Lock } from "../../src/wait/queue.ts";

Deno.test("AsyncQueue gives items in order to the task that has waited longest", async () => {
  const mailbox = new AsyncQueue<number>();
  mailbox.put(1);
  mailbox.put(2);
  assertEquals([await mailbox.take(), await mailbox.take()], [1, 2]);
  const waiting = [mailbox.take(), mailbox.take()];
  mailbox.put(3);
  mailbox.put(4);
  assertEquals(await Promise.all(waiting), [3, 4]);
  assertEquals(mailbox.isEmpty, true);
});

Deno.test("AsyncQueue gives no item to a task that has stopped waiting", async () => {
  const mailbox = new AsyncQueue<number>();
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = mailbox.take({ signal: controller.signal });
  controller.abort(reason);
  mailbox.put(1);
  assertEquals(await assertRejects(() => aborted), reason);
  assertEquals(await mailbox.take(), 1);
  await assertRejects(
    () => mailbox.take({ timeout: 5 }),
    Deno.errors.TimedOut,
    "Nothing came within 5 ms",
  );
  mailbox.put(2);
  assertEquals(await mailbox.take({ timeout: 0 }), 2);
  await assertRejects(() => mailbox.take({ timeout: -1 }), RangeError, "timeout");
  await assertRejects(() => mailbox.take({ signal: AbortSignal.abort(reason) }), Error, "enough");
});

Deno.test("AsyncQueue that is ended gives its remaining items, and then undefined", async () => {
  const mailbox = new AsyncQueue<number>();
  mailbox.put(1);
  mailbox.end();
  assertEquals([await mailbox.take(), await mailbox.take()], [1, undefined]);
  const other = new AsyncQueue<number>();
  const waiting = other.take();
  other.end();
  assertEquals(await waiting, undefined);
});

Deno.test("AsyncQueue that is ended by an error gives its remaining items, and then throws the error", async () => {
  const mailbox = new AsyncQueue<number>();
  const waiting = [mailbox.take(), mailbox.take()];
  mailbox.put(1);
  mailbox.end(new Error("broken"));
  assertEquals(await waiting[0], 1);
  await assertRejects(() => waiting[1]!, Error, "broken");
  await assertRejects(() => mailbox.take(), Error, "broken");
});

Deno.test("AsyncQueue rejects with the error that its owner makes for a timeout", async () => {
  const mailbox = new AsyncQueue<number>((timeout) => new RangeError(`late by ${timeout}`));
  await assertRejects(() => mailbox.take({ timeout: 1 }), RangeError, "late by 1");
});

Deno.test("Lock.tryAcquire() takes the lock only if no task has it", async () => {
  const lock = new Lock();
  assertEquals([lock.tryAcquire(), lock.tryAcquire(), lock.isHeld], [true, false, true]);
  const waiting = lock.acquire();
  lock.release();
  assertEquals(lock.tryAcquire(), false);
  await waiting;
  lock.release();
  assertEquals([lock.isHeld, lock.tryAcquire()], [false, true]);
});

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ProcessWatch,
  SharedEvent,
  SharedMutex,
  SharedSemaphore,
  spawn,
  waitAll,
  waitAny,
} from "../../mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

const shell = { stdin: "piped", stdout: "null", stderr: "null" } as const;

Deno.test("waitAny() takes exactly one of the signalled objects", async () => {
  const events = Array.from({ length: 5 }, () => SharedEvent.anonymous());
  using semaphore = SharedSemaphore.anonymous();
  const wait = waitAny([...events, semaphore], soon);
  events[3]!.set();
  assertEquals(await wait, { index: 3 });
  events[1]!.set();
  events[2]!.set();
  semaphore.release();
  const taken = await Promise.all([1, 2, 3].map(() => waitAny([...events, semaphore], soon)));
  assertEquals(taken.map(({ index }) => index).sort(), [1, 2, 5]);
  await assertRejects(() => waitAny(events, { timeout: 5 }), Deno.errors.TimedOut, "any of 5");
  for (const event of events) event.close();
});

Deno.test("waitAny() waits for 200 objects, more than Windows can at once, and takes exactly one", async () => {
  const events = Array.from({ length: 200 }, () => SharedEvent.anonymous());
  const wait = waitAny(events, soon);
  events[199]!.set();
  assertEquals(await wait, { index: 199 });
  for (const index of [0, 70, 150]) events[index]!.set();
  const taken = await Promise.all([1, 2, 3].map(() => waitAny(events, soon)));
  assertEquals(new Set(taken.map(({ index }) => index)), new Set([0, 70, 150]));
  await assertRejects(() => waitAny(events, { timeout: 5 }), Deno.errors.TimedOut);
  for (const event of events) event.close();
});

Deno.test("waitAll() takes all objects or none", async () => {
  using event = SharedEvent.anonymous({ signalled: true });
  using semaphore = SharedSemaphore.anonymous();
  await assertRejects(() => waitAll([event, semaphore], { timeout: 20 }), Deno.errors.TimedOut);
  const controller = new AbortController();
  const stopped = waitAll([event, semaphore], { signal: controller.signal });
  controller.abort(new Error("on purpose"));
  await assertRejects(() => stopped, Error, "on purpose");
  event.waitSync({ timeout: 0 });
  event.set();
  const wait = waitAll([event, semaphore], soon);
  semaphore.release();
  assertEquals(await wait, {});
  await assertRejects(() => event.wait({ timeout: 0 }), Deno.errors.TimedOut);
  await assertRejects(() => semaphore.wait({ timeout: 0 }), Deno.errors.TimedOut);
});

Deno.test("waitAny() and waitAll() lock mutexes, and keep the script's other tasks out", async () => {
  using mutex = SharedMutex.anonymous();
  using event = SharedEvent.anonymous();
  const { index, lock } = await waitAny([event, mutex], soon);
  assertEquals(index, 1);
  assertEquals(mutex.tryLock(), undefined);
  await assertRejects(() => waitAny([event, mutex], { timeout: 20 }), Deno.errors.TimedOut);
  await assertRejects(() => mutex.lock({ timeout: 20 }), Deno.errors.TimedOut);
  const wait = waitAny([mutex, event], soon);
  event.set();
  assertEquals(await wait, { index: 1 });
  lock!.release();
  using other = SharedMutex.anonymous();
  const both = await waitAll([mutex, other], soon);
  assertEquals([mutex.tryLock(), other.tryLock()], [undefined, undefined]);
  both.lock!.release();
  for (const each of [mutex, other]) (await each.lock(soon)).release();
});

Deno.test("waitAny() ends with a process, given as a ProcessWatch or as a child", async () => {
  using event = SharedEvent.anonymous();
  await using child = spawn("cmd.exe", shell);
  using watch = ProcessWatch.open(child.pid);
  assertEquals(watch.exitCode, undefined);
  const waits = [
    waitAny([event, watch], soon),
    waitAny([event, child], soon),
    watch.wait({ ...soon, signal: new AbortController().signal }),
    watch.wait(soon),
  ];
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode("exit 7\r\n"));
  assertEquals(await Promise.all(waits), [{ index: 1 }, { index: 1 }, 7, 7]);
  assertEquals([watch.exitCode, (await child.status).code], [7, 7]);
});

Deno.test("waitAny() and waitAll() refuse invalid lists, bare mutex handles and closed objects", async () => {
  using event = SharedEvent.anonymous();
  using mutex = SharedMutex.anonymous();
  const foreign = { unsafeHandle: mutex.unsafeHandle };
  await assertRejects(() => waitAny([]), RangeError, "from 1 to 3969");
  await assertRejects(() => waitAll(Array(65).fill(event)), RangeError, "from 1 to 64");
  await assertRejects(() => waitAll([event, event]), TypeError, "Expected each object once");
  await assertRejects(() => waitAny([foreign]), TypeError, "only a SharedMutex");
  await assertRejects(() => waitAny([{ unsafeHandle: 0x7ffffffcn }]), Deno.errors.BadResource);
  const gone = SharedEvent.anonymous();
  const waits = [waitAny([event, gone]), waitAll([event, gone])];
  gone.close();
  await Promise.allSettled(waits);
  for (const wait of waits) await assertRejects(() => wait, Deno.errors.BadResource, "was closed");
  await assertRejects(() => waitAny([event, gone]), Deno.errors.BadResource, "is closed");
});

Deno.test("waitAny() and waitAll() leave no handle behind", async () => {
  await assertLeavesNoHandle(15, async () => {
    using event = SharedEvent.anonymous();
    using mutex = SharedMutex.anonymous();
    const late = { timeout: 1 };
    await assertRejects(() => waitAny([event], late), Deno.errors.TimedOut);
    await assertRejects(() => waitAll([event, mutex], late), Deno.errors.TimedOut);
    const all = waitAll([event, mutex]);
    const any = waitAny([event, { unsafeHandle: event.unsafeHandle }]);
    event.close();
    const results = await Promise.allSettled([all, any]);
    assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
  });
});

Deno.test("TimedOut names up to four objects of the wait, or their number", async () => {
  const name = randomName();
  using event = SharedEvent.create(`${name}-event`);
  using semaphore = SharedSemaphore.create(`${name}-semaphore`);
  using mutex = SharedMutex.create(`${name}-mutex`);
  const [one, two] = [`event "${event.name}"`, `semaphore "${semaphore.name}"`];
  const wait = { timeout: 0 };
  const rows: [call: () => Promise<unknown>, what: string][] = [
    [() => event.wait(wait), one],
    [() => semaphore.wait(wait), two],
    [() => waitAny([event, semaphore], wait), `any of ${one}, ${two}`],
    [() => waitAll([event, semaphore], wait), `all of ${one}, ${two}`],
    [() => waitAny(Array(5).fill(event), wait), "any of 5 objects"],
  ];
  for (const [call, what] of rows) {
    const { message } = await assertRejects(call, Deno.errors.TimedOut);
    assertEquals(message, `Waited 0 ms for ${what} and it was not signalled`);
  }
  const { lock } = await waitAll([mutex], soon);
  lock!.release();
  const { message } = assertThrows(() => lock!.release(), Deno.errors.BadResource);
  const label = `mutex "${mutex.name}"`;
  assertEquals(
    message,
    `Cannot release the mutexes among ${label}: the lock is released already`,
  );
  using taken = await mutex.lock(soon);
  const late = await assertRejects(() => mutex.lock({ timeout: 1 }), Deno.errors.TimedOut);
  assertEquals(late.message, `Waited 1 ms for ${label} and it was not signalled`);
  taken.release();
});

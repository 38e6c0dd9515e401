import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { SharedEvent } from "../../mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

Deno.test("SharedEvent ends one wait for each set(), or all waits until reset()", async () => {
  using auto = SharedEvent.anonymous();
  const waits = [auto.wait(soon), auto.wait(soon)];
  auto.set();
  await Promise.race(waits);
  await assertRejects(() => auto.wait({ timeout: 0 }), Deno.errors.TimedOut, "Waited 0 ms for ");
  auto.set();
  await Promise.all(waits);
  using manual = SharedEvent.anonymous({ reset: "manual", signalled: true });
  await Promise.all([manual.wait(soon), manual.wait(soon)]);
  manual.waitSync(soon);
  manual.reset();
  assertThrows(() => manual.waitSync({ timeout: 1 }), Deno.errors.TimedOut, "Waited 1 ms");
});

Deno.test("SharedEvent is created once under a name, and found by that name", async () => {
  const name = randomName();
  using event = SharedEvent.create(name);
  assertEquals([event.name, event.created], [`Local\\${name}`, true]);
  assertThrows(() => SharedEvent.create(name), Deno.errors.AlreadyExists, "Cannot create event");
  using opened = SharedEvent.open(name, { owner: "self" });
  using again = SharedEvent.openOrCreate(name);
  using found = await SharedEvent.waitFor(name, soon);
  for (const other of [opened, again, found]) {
    const wait = event.wait(soon);
    other.set();
    await wait;
    assertEquals(other.created, false);
  }
  assertThrows(() => SharedEvent.open(randomName()), Deno.errors.NotFound, "Cannot open event");
});

Deno.test("SharedEvent.wait() ends by its signal or timeout, unless the event was set before", async () => {
  using event = SharedEvent.anonymous();
  const reason = new Error("on purpose");
  await assertRejects(() => event.wait({ signal: AbortSignal.abort(reason) }), Error, "on purpose");
  const controller = new AbortController();
  const wait = event.wait({ signal: controller.signal });
  controller.abort(reason);
  await assertRejects(() => wait, Error, "on purpose");
  // The same for a wait that the wait thread has begun.
  for (let round = 0; round < 2; round++) {
    const controller = new AbortController();
    const { signal } = controller;
    const waits = [event.wait({ signal }), event.wait({ ...soon, signal })];
    event.set();
    await Promise.race(waits);
    const before = performance.now();
    controller.abort(reason);
    const results = await Promise.allSettled(waits);
    assertEquals(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assertLess(performance.now() - before, 5000);
  }
  await assertRejects(() => event.wait({ timeout: 30 }), Deno.errors.TimedOut);
  const { signal } = new AbortController();
  await assertRejects(() => event.wait({ timeout: 30, signal }), Deno.errors.TimedOut);
});

Deno.test("SharedEvent.wait() throws BadResource when the event is closed", async () => {
  const event = SharedEvent.anonymous();
  const { signal } = new AbortController();
  const waits = [event.wait(), event.wait({ signal })];
  event.close();
  event.close();
  for (const wait of waits) {
    await assertRejects(() => wait, Deno.errors.BadResource, "was closed while it was waited for");
  }
  await assertRejects(() => event.wait(), Deno.errors.BadResource, "anonymous event is closed");
  for (const use of [() => event.set(), () => event.reset(), () => event.waitSync()]) {
    assertThrows(use, Deno.errors.BadResource, "anonymous event is closed");
  }
});

Deno.test("SharedEvent leaves no handle behind", async () => {
  await assertLeavesNoHandle(20, async () => {
    using event = SharedEvent.create(randomName());
    const { signal } = new AbortController();
    const waits = [event.wait(soon), event.wait({ signal })];
    await assertRejects(() => event.wait({ timeout: 1 }), Deno.errors.TimedOut);
    await assertRejects(() => event.wait({ timeout: 1, signal }), Deno.errors.TimedOut);
    event.toInheritable().close();
    event.duplicateTo(Deno.pid).revoke();
    event.close();
    await Promise.allSettled(waits);
  });
});

Deno.test("SharedEvent.openOrCreate() refuses an event with another reset option", () => {
  const name = randomName();
  for (const [reset, other] of [["auto", "manual"], ["manual", "auto"]] as const) {
    using _event = SharedEvent.create(name, { reset });
    using same = SharedEvent.openOrCreate(name, { reset });
    assertEquals(same.created, false);
    assertThrows(
      () => SharedEvent.openOrCreate(name, { reset: other }),
      Deno.errors.InvalidData,
      `Cannot open event "Local\\${name}": it exists, and its reset is ${reset} and not ${other}`,
    );
  }
  using _manual = SharedEvent.create(name, { reset: "manual" });
  assertThrows(() => SharedEvent.openOrCreate(name), Deno.errors.InvalidData, "and not auto");
});

Deno.test("SharedEvent.openOrCreate() accepts any reset if the user cannot query it and asked for none", () => {
  const name = randomName();
  // Grants SYNCHRONIZE and EVENT_MODIFY_STATE, but not EVENT_QUERY_STATE.
  using _event = SharedEvent.create(name, { reset: "manual", security: "D:P(A;;0x100002;;;WD)" });
  using opened = SharedEvent.openOrCreate(name);
  assertEquals(opened.created, false);
  assertThrows(
    () => SharedEvent.openOrCreate(name, { reset: "manual" }),
    Deno.errors.PermissionDenied,
    "EVENT_QUERY_STATE",
  );
});

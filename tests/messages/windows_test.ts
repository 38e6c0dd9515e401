import { assert, assertEquals, assertRejects } from "@std/assert";
import { findWindow, listWindows, MessageWindow } from "../../src/messages/mod.ts";
import { Peer } from "../peer.ts";
import { randomName } from "../random_name.ts";

for (const visibility of ["message-only", "hidden"] as const) {
  Deno.test(`findWindow() finds a ${visibility} window of another process`, async () => {
    const name = randomName();
    await using peer = await Peer.start("window.ts", name, visibility);
    const byClass = await findWindow({ class: name.toUpperCase() });
    assertEquals(byClass, {
      handle: byClass.handle,
      class: name,
      title: `title of ${name}`,
      pid: byClass.pid,
      messageOnly: visibility === "message-only",
    });
    assertEquals(byClass.pid, peer.pid);
    assertEquals(await findWindow({ title: `title of ${name}` }), byClass);
    assertEquals(await findWindow({ class: name, pid: peer.pid }), byClass);
    assert(listWindows({ pid: peer.pid }).some(({ handle }) => handle === byClass.handle));
    assertEquals(listWindows({ class: name, pid: Deno.pid }), []);
  });
}

Deno.test("findWindow() looks once unless told to wait", async () => {
  await assertRejects(
    () => findWindow({ class: randomName() }),
    Deno.errors.NotFound,
    'Cannot find a window with {"class":"winipc-test-',
  );
  await assertRejects(
    () => findWindow({ class: randomName(), timeout: 20 }),
    Deno.errors.TimedOut,
    "Waited 20 ms",
  );
  const reason = new Error("enough");
  const aborted = findWindow({ class: randomName(), signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => aborted), reason);
});

Deno.test("findWindow() waits for a window that is made later", async () => {
  const name = randomName();
  const waiting = findWindow({ class: name, timeout: 20_000 });
  using window = MessageWindow.open({ class: name, procedure: () => undefined });
  assertEquals((await waiting).handle, window.handle);
});

Deno.test("findWindow() wants to know what to look for", async () => {
  await assertRejects(() => findWindow({}), TypeError, "Expected a class, a title or a pid");
  await assertRejects(() => findWindow({ timeout: 5 }), TypeError);
});

Deno.test("listWindows() shows a window no longer when it is closed", () => {
  const name = randomName();
  const window = MessageWindow.open({ class: name, procedure: () => undefined });
  assertEquals(listWindows({ class: name }).map(({ handle }) => handle), [window.handle]);
  window.close();
  assertEquals(listWindows({ class: name }), []);
});

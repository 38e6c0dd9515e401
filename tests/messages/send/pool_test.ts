// Alone: measures time beside windows that hang.
// Task: test:peers

import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { findWindow, sendCopyData } from "../../../src/messages/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { runPeer } from "../../support/run_peer.ts";
import { soon } from "../../support/soon.ts";

/** Starts a peer with a listener, and finds its window. */
async function openListener() {
  const name = randomName();
  const peer = await Peer.start("messages/peers/listener.ts", "--class", name);
  const window = await findWindow({ class: name });
  return { peer, window, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

/** Starts a peer with windows that hang, and finds them. */
async function openHung(count: number) {
  const name = randomName();
  const peer = await Peer.start("messages/peers/hung_windows.ts", name, `${count}`);
  const windows = await Promise.all(
    Array.from({ length: count }, (_, i) => findWindow({ class: `${name}-${i}` })),
  );
  return { windows, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

Deno.test("sendCopyData() reaches a window while other windows hang, in order and in time", async (t) => {
  // All steps use the same processes, because each start takes a second on Wine.
  const opened = await Promise.all([openListener(), openHung(9)]);
  await using listener = opened[0];
  await using hung = opened[1];

  await t.step("Sends to one window keep their order", async () => {
    const answers = Array.from(
      { length: 300 },
      (_, id) => sendCopyData(listener.window, "", { id }),
    );
    assertEquals(await Promise.all(answers), new Array(300).fill(1n));
    const ids: number[] = [];
    while (ids.length < 300) ids.push(JSON.parse(await listener.peer.nextLine()).id);
    assertEquals(ids, Array.from({ length: 300 }, (_, id) => id));
  });

  await t.step("A send to a window that hangs does not delay sends to another window", async () => {
    const TIMEOUT = 1500;
    const started = performance.now();
    const late = Array.from(
      { length: 12 },
      () => sendCopyData(hung.windows[0]!, "ab", { timeout: TIMEOUT }),
    );
    const refusals = Promise.all(
      late.map((send) => assertRejects(() => send, Deno.errors.TimedOut)),
    );
    let longestPause = 0;
    let last = started;
    const ticks = setInterval(() => {
      longestPause = Math.max(longestPause, performance.now() - last);
      last = performance.now();
    }, 5);
    for (let i = 0; i < 100; i++) assertEquals(await sendCopyData(listener.window, "ok"), 1n);
    assertLess(performance.now() - started, TIMEOUT);
    const errors = await refusals;
    clearInterval(ticks);
    // If each send began after the timeout of the send before, this would take twelve times as long.
    assertLess(performance.now() - started, TIMEOUT * 2);
    assertLess(longestPause, TIMEOUT / 2);
    assertEquals(
      new Set(errors.map(({ message }) => message.split(": ")[0])),
      new Set([
        `Cannot send 4 bytes to window 0x${hung.windows[0]!.handle.toString(16)} ` +
        `of class "${hung.windows[0]!.class}"`,
      ]),
    );
  });

  await t.step("The timeout of a send includes the wait for earlier sends", async () => {
    const window = hung.windows[0]!;
    const first = sendCopyData(window, "", { timeout: 3000 });
    const started = performance.now();
    await assertRejects(() => sendCopyData(window, "", { timeout: 100 }), Deno.errors.TimedOut);
    const waited = performance.now() - started;
    assertGreater(waited, 90);
    assertLess(waited, 2000);
    await assertRejects(() => first, Deno.errors.TimedOut);
  });

  await t.step("A send to a ninth window waits while eight windows hang", async () => {
    // Not the first window: the send of the step before may hold its queue a little longer. Then the
    // send to the listener would get that send's thread.
    const late = hung.windows.slice(1).map((window) => sendCopyData(window, "", { timeout: 4000 }));
    const refusals = Promise.all(
      late.map((send) => assertRejects(() => send, Deno.errors.TimedOut)),
    );
    await assertRejects(
      () => sendCopyData(listener.window, "", { timeout: 2000 }),
      Deno.errors.TimedOut,
    );
    assertEquals(await sendCopyData(listener.window, "", soon), 1n);
    await refusals;
  });

  // The sends that were aborted hold a thread for up to 2 seconds.
  await t.step(
    "A send rejects at once if it is aborted, during the send or before it",
    async () => {
      const reason = new Error("enough");
      const controller = new AbortController();
      const { signal } = controller;
      const sends = Promise.allSettled(
        [1, 2, 3].map(() => sendCopyData(hung.windows[0]!, "", { timeout: 2000, signal })),
      );
      assertEquals(await sendCopyData(listener.window, ""), 1n);
      const started = performance.now();
      controller.abort(reason);
      const results = await sends;
      assertLess(performance.now() - started, 1000);
      assertEquals(results, new Array(3).fill({ status: "rejected", reason }));
      const never = sendCopyData(listener.window, "", { signal });
      assertEquals(await assertRejects(() => never), reason);
      assertEquals(await sendCopyData(listener.window, ""), 1n);
    },
  );

  await t.step("The process can end, also after a send was aborted", async () => {
    const started = performance.now();
    const lines = await runPeer("messages/peers/send_and_end.ts", [
      `${listener.window.handle}`,
      `${hung.windows[0]!.handle}`,
    ]);
    assertEquals(lines, ["answered 1", "gave up"]);
    // The aborted call would block for a minute.
    assertLess(performance.now() - started, 30_000);
  });
});

Deno.test("sendCopyData() throws NotFound for a window that is gone, or whose process ends during the send", async () => {
  const name = randomName();
  await using peer = await Peer.start("messages/peers/window.ts", name, "message-only");
  const window = await findWindow({ class: name });
  const [answered, died] = await Promise.allSettled([
    sendCopyData(window, "", { id: 5 }),
    sendCopyData(window, "ab", { id: 3, ...soon }),
  ]);
  assertEquals(answered, { status: "fulfilled", value: -1n });
  assert(died.status === "rejected" && died.reason instanceof Deno.errors.NotFound, `${died}`);
  assertEquals((await peer.gone()).code, 9);
  await assertRejects(
    () => sendCopyData(window, "ab"),
    Deno.errors.NotFound,
    `Cannot send 4 bytes to window 0x${window.handle.toString(16)}: SendMessageTimeoutW failed`,
  );
});

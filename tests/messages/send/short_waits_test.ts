// Sends after short waits block the script's thread for up to 1 ms. These tests make the waits short
// first, and then send what could suffer from that.
//
// Alone: measures time beside windows that hang.

import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertRejects,
} from "@std/assert";
import { findWindow, MessageWindow, sendCopyData } from "../../../src/messages/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { runPeer } from "../../support/run_peer.ts";
import { soon } from "../../support/soon.ts";

/** What window.ts does for a message, by the message's id. */
const ID = { count: 1, hang: 2, exit: 3, sendBack: 4, close: 6 } as const;

/** Starts a peer with a window, and sends to it until the waits of sends are short. */
async function openQuickWindow() {
  const name = randomName();
  const peer = await Peer.start("messages/peers/window.ts", name, "message-only");
  const window = await findWindow({ class: name });
  for (let i = 0; i < 20; i++) assertEquals(await sendCopyData(window, "a", { id: ID.count }), 2n);
  return { peer, window, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

Deno.test("sendCopyData() to a quick window keeps order, bytes and timers", async (t) => {
  await using quick = await openQuickWindow();

  await t.step("300 sends at once keep their order, and have the bytes of the call", async () => {
    for (let i = 0; i < 20; i++) await quick.peer.nextLine();
    const bytes = new Uint8Array(600);
    const answers = Array.from({ length: 300 }, (_, i) => {
      bytes.fill(i % 251, 0, i);
      return sendCopyData(quick.window, bytes.subarray(0, i), { id: ID.count });
    });
    bytes.fill(255);
    assertEquals(await Promise.all(answers), Array.from({ length: 300 }, (_, i) => BigInt(i)));
    for (let i = 0; i < 300; i++) {
      let sum = 0;
      for (let at = 0; at < i; at++) sum = (sum * 31 + i % 251) >>> 0;
      assertEquals(await quick.peer.nextLine(), `${ID.count} 0 ${i} ${sum}`);
    }
  });

  await t.step("Timers fire while a script sends one message after another", async () => {
    let ticks = 0;
    let longestPause = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      ticks++;
      longestPause = Math.max(longestPause, performance.now() - last);
      last = performance.now();
    }, 1);
    for (let i = 0; i < 300; i++) await sendCopyData(quick.window, "a", { id: ID.count });
    clearInterval(timer);
    assertGreaterOrEqual(ticks, 10);
    assertLess(longestPause, 1000);
  });

  await t.step("The own window answers a receiver that sends to it first", async () => {
    using own = MessageWindow.open({
      procedure: ({ copyData }) => copyData && BigInt(copyData.bytes.length),
    });
    const options = { id: ID.sendBack, from: own, ...soon };
    for (let i = 0; i < 10; i++) {
      assertEquals(
        await sendCopyData(quick.window, "", options),
        BigInt("from inside".length * 2 + 1),
      );
    }
  });

  await t.step("Sends work on after a Worker was ended in the middle of its sends", async () => {
    const lines = await runPeer("messages/peers/send_in_worker.ts", [`${quick.window.handle}`], {
      flags: ["--allow-read"],
    });
    assertEquals(lines, new Array(5).fill("answered 4"));
  });
});

Deno.test("sendCopyData() to a window that begins to hang times out, and timers fire until then", async () => {
  await using quick = await openQuickWindow();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  const started = performance.now();
  const send = sendCopyData(quick.window, "", { id: ID.hang, timeout: 500 });
  await assertRejects(() => send, Deno.errors.TimedOut);
  clearInterval(timer);
  assertGreater(performance.now() - started, 480);
  assertGreaterOrEqual(ticks, 10);
});

Deno.test("sendCopyData() that is aborted leaves the next send to another window unharmed", async () => {
  await using hung = await openQuickWindow();
  await using quick = await openQuickWindow();
  const reason = new Error("enough");
  const controller = new AbortController();
  const { signal } = controller;
  const send = sendCopyData(hung.window, "abc", { id: ID.hang, timeout: 5000, signal });
  setTimeout(() => controller.abort(reason), 20);
  assertEquals(await assertRejects(() => send), reason);
  assertEquals(await sendCopyData(quick.window, "ab", { id: ID.count }), 4n);
});

Deno.test("sendCopyData() gets the answer of a window that closes during the send, and then NotFound", async () => {
  await using quick = await openQuickWindow();
  assertEquals(await sendCopyData(quick.window, "", { id: ID.close }), 6n);
  const error = await assertRejects(() => sendCopyData(quick.window, "", { id: ID.count }));
  assert(error instanceof Deno.errors.NotFound, `${error}`);
});

Deno.test("sendCopyData() throws NotFound if the receiver's process ends during the send", async () => {
  await using quick = await openQuickWindow();
  const send = sendCopyData(quick.window, "", { id: ID.exit, ...soon });
  await assertRejects(() => send, Deno.errors.NotFound);
});

/**
 * Programs that first ask by messages of their own, and send their data by WM_COPYDATA later. A C
 * program asks a script, and a script asks the C program.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  CopyDataListener,
  findWindow,
  MessageWindow,
  postMessage,
  registerWindowMessage,
  sendMessage,
} from "../../src/messages/mod.ts";
import { SharedEvent } from "../../src/sync/mod.ts";
import { type Bits, compileC } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { peers } from "../support/peers.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";
import { within } from "../support/within.ts";

const WM_GETTEXTLENGTH = 0xe;
const WM_QUERYENDSESSION = 0x11;
const WM_QUERYOPEN = 0x13;
const WM_NCACTIVATE = 0x86;
const WM_USER = 0x400;
const TIMEOUT = 20_000;

peers.test(
  "Programs ask by messages of their own first, and send their data later",
  async (bits, t) => {
    await using program = await compileC(peerUrl("messages/peers/queries.c"), { bits });
    await t.step("a C program asks a script", (t) => beAsked(t, program.path, bits));
    await t.step("a script asks a C program", (t) => ask(t, program.path, bits));
  },
);

async function beAsked(t: Deno.TestContext, program: string, bits: Bits): Promise<void> {
  const name = randomName();
  using begun = SharedEvent.create(name);
  using done = SharedEvent.create(`${name}-done`);
  await using asker = await Peer.startProgram(program, name);

  const registered = registerWindowMessage(randomName());
  const errors: unknown[][] = [];
  const never = Promise.withResolvers<bigint>();
  let onPosted: (parameters: bigint[]) => void = () => {};
  let blocked = false;
  const texts: string[] = [];
  await using listener = await CopyDataListener.open({
    visibility: "hidden",
    replyTimeout: 300,
    onMessage: (message) => texts.push(message.text("ansi")),
    onError: (error, ...rest) => errors.push([error, ...rest]),
    answers: {
      [WM_USER]: 3,
      [WM_USER + 1]: (wParam, lParam) => wParam + lParam,
      [WM_USER + 2]: async (wParam) => await Promise.resolve(wParam === 1n),
      [WM_USER + 3]: () => blocked ? 1 : 2,
      [WM_USER + 4]: () => {
        throw new Error("on purpose");
      },
      [WM_USER + 5]: () => Promise.reject(new Error("also on purpose")),
      [WM_USER + 6]: () => 2n ** 64n,
      [WM_USER + 7]: () => never.promise,
      [WM_USER + 8]: (wParam, lParam, receiver) => {
        onPosted([wParam, lParam, receiver.handle]);
        return 0;
      },
      [registered]: -5n,
      0xffff: true,
    },
  });
  const order = (what: string, message: number, wParam: number | bigint = 0, lParam = 0n) =>
    `${what} ${listener.handle} ${message} ${wParam} ${lParam}`;
  const ask = (message: number, wParam?: number | bigint, lParam?: bigint) =>
    asker.ask(order("send", message, wParam, lParam));

  await t.step(
    "the listener answers with constants and with the results of functions",
    async () => {
      assertEquals(await ask(WM_USER), "3");
      assertEquals(await ask(0xffff), "1");
      assertEquals(await ask(WM_USER + 1, 7, -9n), "-2");
      assertEquals(
        await ask(WM_USER + 1, -1, -(2n ** 63n)),
        `${BigInt.asIntN(bits, 2n ** 63n - 1n)}`,
      );
      assertEquals(await ask(WM_USER + 2, 1), "1");
      assertEquals(await ask(WM_USER + 2, 2), "0");
      assertEquals(await asker.ask(`name ${randomName()}`) === `${registered}`, false);
      assertEquals(await ask(registered), "-5");
      // The listener has no answer for this message.
      assertEquals(await ask(WM_USER + 9), "0");
      assertEquals(errors, []);
    },
  );

  await t.step("the listener answers with a constant while the script blocks", async () => {
    await asker.send(order("signal", WM_USER));
    done.waitSync({ timeout: TIMEOUT });
    assertEquals(await asker.nextLine(), "3");
  });

  await t.step(
    "the listener answers with the result of a function after the script has blocked",
    async () => {
      begun.reset();
      blocked = true;
      await asker.send(order("signal", WM_USER + 3));
      begun.waitSync({ timeout: TIMEOUT });
      blocked = false;
      assertEquals(await asker.nextLine(), "2");
    },
  );

  await t.step("the listener answers 0 if a function throws, and reports the error", async () => {
    for (const [message, text] of [[4, "on purpose"], [5, "also on purpose"]] as const) {
      assertEquals(await ask(WM_USER + message), "0");
      const [error, ...rest] = errors.pop()!;
      assertInstanceOf(error, Error);
      assertEquals([error.message, ...rest], [text, undefined, listener]);
    }
    assertEquals(await ask(WM_USER + 6), "0");
    assertInstanceOf(errors.pop()![0], RangeError);
    assertEquals(errors, []);
    assertEquals(listener.stats.failed, 3);
  });

  await t.step("the listener answers 0 if a function is late, and reports TimedOut", async () => {
    assertEquals(await ask(WM_USER + 7), "0");
    // The report comes after the program's answer, but before the answer to another message.
    assertEquals(await ask(WM_USER + 1, 1), "1");
    const [error, ...rest] = errors.pop()!;
    assertInstanceOf(error, Deno.errors.TimedOut);
    assertEquals(rest, [undefined, listener]);
    assertEquals(listener.stats.late, 1);
    const { accepted, waiting } = listener.stats;
    assertEquals(waiting, 1);
    never.resolve(9n);
    assertEquals(await ask(WM_USER + 1, 1), "1");
    assertEquals(listener.stats.waiting, 0);
    assertEquals([listener.stats.late, listener.stats.accepted], [1, accepted + 1]);
    assertEquals(errors, []);
  });

  await t.step("the functions of the listener and a window also get posted messages", async () => {
    const posted = Promise.withResolvers<bigint[]>();
    onPosted = posted.resolve;
    assertEquals(await asker.ask(order("post", WM_USER + 8, 5, -6n)), "1");
    assertEquals(await within("a posted message comes", posted.promise), [
      5n,
      -6n,
      listener.handle,
    ]);
    assertEquals(await asker.ask(order("post", WM_USER)), "1");
    using window = MessageWindow.open({
      procedure: ({ message, wParam, lParam }) => {
        if (message === WM_USER) texts.push(`${wParam} ${lParam}`);
        return undefined;
      },
    });
    assertEquals(await asker.ask(`post ${window.handle} ${WM_USER} 1 -2`), "1");
    window.pump();
    assertEquals(texts.splice(0), ["1 -2"]);
  });

  await t.step(
    "the listener answers the system's questions as the system does",
    async () => {
      const permitted = [WM_QUERYENDSESSION, WM_QUERYOPEN, WM_NCACTIVATE];
      for (const message of permitted) assertEquals(await ask(message), "1");
      assertEquals(await ask(WM_GETTEXTLENGTH), "0");
    },
  );

  await t.step("the listener gets the data later", async () => {
    assertEquals(await asker.ask(`data ${listener.handle} now the data`), "1");
    assertEquals(await asker.ask(`data ${listener.handle} and more`), "2");
    assertEquals(texts, ["now the data", "and more"]);
  });
}

async function ask(t: Deno.TestContext, program: string, bits: Bits): Promise<void> {
  const name = randomName();
  await using asker = await Peer.startProgram(program, name);
  const window = await findWindow({ class: name });

  await t.step("sendMessage() returns the program's answers", async () => {
    assertEquals(await sendMessage(window, WM_USER), 12n);
    assertEquals(await sendMessage(window, WM_USER + 1, { wParam: 5, lParam: -7 }), -2n);
    const large = { wParam: 2n ** 64n - 1n, lParam: -(2n ** 63n) };
    // A program of 32 bits sees and answers the lower half.
    const sum = BigInt.asIntN(bits, 2n ** 63n - 1n);
    assertEquals(await sendMessage(window, WM_USER + 1, large), sum);
    const text = randomName();
    const registered = registerWindowMessage(text);
    assertEquals(await asker.ask(`name ${text.toUpperCase()}`), `${registered}`);
    assertEquals(await sendMessage(window, registered, { wParam: 5, lParam: 6 }), -1n);
  });

  await t.step("the program sends its data later", async () => {
    await using listener = await CopyDataListener.open({ answer: 8 });
    const options = { wParam: listener.handle, lParam: 42 };
    assertEquals(await sendMessage(window, WM_USER + 2, options), 1n);
    const message = await listener.receive({ timeout: TIMEOUT });
    assertEquals([message?.id, message?.text("ansi")], [5n, "later 42"]);
    assertEquals([message?.sender.handle, message?.sender.pid], [window.handle, asker.pid]);
    assertEquals(await asker.nextLine(), "answered 8");
  });

  await t.step("postMessage() keeps the order", async () => {
    for (let i = 0; i < 3; i++) postMessage(window, WM_USER + 3, { wParam: i, lParam: -i });
    const lines = [await asker.nextLine(), await asker.nextLine(), await asker.nextLine()];
    assertEquals(lines, ["posted 0 0", "posted 1 -1", "posted 2 -2"]);
  });

  await t.step("no message with an invalid address ends the script", async () => {
    const sample = [...crypto.getRandomValues(new Uint16Array(4))].map((n) => 0x400 + n % 0xf000);
    const ranges = [[0, 0x3ff], ...sample.map((first) => [first, first + 7])];
    const args = [`${window.handle}`, JSON.stringify(ranges)];
    const lines = await runPeer("messages/peers/every_message.ts", args);
    assertEquals(lines, ["survived"]);
  });

  await t.step(
    "sendMessage() throws TimedOut if the program hangs, and NotFound if it is gone",
    async () => {
      const hangs = WM_USER + 4;
      await assertRejects(
        () => sendMessage(window, hangs, { timeout: 200 }),
        Deno.errors.TimedOut,
        "Cannot send message 0x404 to window",
      );
      const reason = new Error("on purpose");
      const signal = AbortSignal.abort(reason);
      assertEquals(await assertRejects(() => sendMessage(window, hangs, { signal })), reason);
      const controller = new AbortController();
      const sent = sendMessage(window, hangs, { signal: controller.signal });
      controller.abort(reason);
      assertEquals(await assertRejects(() => sent), reason);
      asker.kill();
      assert(!(await asker.gone()).success);
      await assertRejects(() => sendMessage(window, WM_USER), Deno.errors.NotFound);
      assertThrows(() => postMessage(window, WM_USER), Deno.errors.NotFound);
    },
  );
}

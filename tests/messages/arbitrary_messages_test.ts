// Task: test:faults

/**
 * Windows that get arbitrary messages of another program. These tests send a sample of all message
 * numbers; every_message_test.ts sends all of them.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertGreaterOrEqual, assertLess } from "@std/assert";
import { user32 } from "../../ffi/win32/user32.ts";
import {
  CopyDataListener,
  MessageWindow,
  postMessage,
  sendCopyData,
} from "../../src/messages/mod.ts";
import { compileC } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { peers } from "../support/peers.ts";
import { within } from "../support/within.ts";
import { ArbitrarySender } from "./arbitrary_sender.ts";
import {
  AttackedWindow,
  closeUnder,
  countMessages,
  MEANINGFUL,
  type Range,
  type Sweep,
  sweepListener,
  sweepWindow,
  WAYS,
} from "./sweep.ts";

const WM_DESTROY = 0x2;
const WM_PAINT = 0xf;
const WM_CLOSE = 0x10;
const WM_ENDSESSION = 0x16;

/** Returns all messages of the system, and random messages that programs can define. */
function sample(): Sweep {
  const above = Array.from(crypto.getRandomValues(new Uint16Array(4)), (n): Range => {
    const first = 0x400 + n % 0xf000;
    return [first, first + 7];
  });
  return { ranges: [[0, 0x3ff], ...above], parameters: [[1, 16], ["random", "random"]] };
}

peers.test(
  "Windows work as before after arbitrary messages of another program",
  async (bits, t) => {
    await using sender = await ArbitrarySender.start(bits);

    await t.step("a listener works as before", () => sweepListener(sender, "hidden", sample()));

    await t.step("a window works as before", async () => {
      await sweepWindow(sender, "message-only", "pump", sample());
    });

    await t.step(
      "a listener closes after messages that DefWindowProcW acts on",
      async () => {
        await closeUnder(sender, "hidden", MEANINGFUL);
        await closeUnder(sender, "message-only", MEANINGFUL);
      },
    );

    await t.step(
      "a window of this thread closes after messages that DefWindowProcW acts on",
      async () => {
        for (const [message, parameters] of MEANINGFUL) {
          using window = MessageWindow.open({ procedure: () => undefined, visibility: "hidden" });
          for (const way of ["post", "thread"] as const) {
            await sender.act(way, window, [message, message], parameters);
          }
          window.pump();
          assertFalse(window.closed);
          for (const way of ["post", "thread"] as const) {
            await sender.act(way, window, [message, message], parameters);
          }
          window.close();
          assertFalse(user32().IsWindow(window.handle));
        }
        // Messages that were posted to the thread reach the next window that is pumped.
        using next = MessageWindow.open({ procedure: () => undefined });
        next.pump();
        assertFalse(next.closed);
      },
    );

    await t.step("a window that another program shows does not get WM_PAINT for ever", async () => {
      let paints = 0;
      using window = MessageWindow.open({
        visibility: "hidden",
        procedure: ({ message }) => {
          if (message === WM_PAINT) paints++;
          return undefined;
        },
      });
      for (let i = 1; i <= 3; i++) {
        await sender.show(window);
        window.pump();
        assertGreaterOrEqual(paints, i);
        window.pump();
      }
      assertLess(paints, 10);
    });

    await t.step(
      "WM_CLOSE, WM_DESTROY and WM_ENDSESSION end a listener, which loses no message",
      async () => {
        for (const message of [WM_CLOSE, WM_DESTROY, WM_ENDSESSION]) {
          for (const way of ["post", "send"] as const) {
            const listener = await CopyDataListener.open({ visibility: "hidden" });
            assertEquals(await sendCopyData(listener, "before"), 1n);
            if (message === WM_ENDSESSION) {
              // A wParam of 0 says that the session does not end.
              await sender.actOnce(way, listener, message, [0, 0]);
              assertEquals(await sendCopyData(listener, "between"), 1n);
            }
            await sender.actOnce(way, listener, message, [1, 0]);
            await within("a listener ends", listener.finished);
            assertEquals(await countMessages(listener), message === WM_ENDSESSION ? 2 : 1);
            assertEquals(await listener.receive(), undefined);
            await listener.close();
          }
        }
      },
    );

    await t.step(
      "a handler answers its message although another program has closed the window",
      async () => {
        for (const [message, way] of [[WM_CLOSE, "send"], [WM_DESTROY, "send"]] as const) {
          const begun = Promise.withResolvers<void>();
          const end = Promise.withResolvers<number>();
          const listener = await CopyDataListener.open({
            onMessage: async () => {
              begun.resolve();
              return await end.promise;
            },
          });
          await using peer = await Peer.start(
            "messages/peers/send_lines.ts",
            `${listener.handle}`,
          );
          await peer.send("hello");
          await within("the handler begins", begun.promise);
          await sender.actOnce(way, listener, message);
          end.resolve(7);
          await within("a listener ends", listener.finished);
          assertEquals(listener.stats.accepted, 1);
          assertEquals(await peer.nextLine(), "7");
        }
      },
    );

    await t.step(
      "a listener that closes during a flood of messages returns all messages that it has taken",
      async () => {
        for (const visibility of ["message-only", "hidden"] as const) {
          const listener = await CopyDataListener.open({ visibility });
          const { end } = await sender.flood(listener);
          for (let i = 0; i < 20; i++) await within("data comes", listener.receive());
          await within("a listener closes", listener.close());
          const { gone, data } = await end;
          assert(gone);
          assertEquals(20 + await countMessages(listener), data);
        }
      },
    );

    await t.step("a listener with a handler closes during a flood of messages", async () => {
      let handled = 0;
      const enough = Promise.withResolvers<void>();
      const listener = await CopyDataListener.open({
        onMessage: async () => {
          if (++handled === 20) enough.resolve();
          return await Promise.resolve(1);
        },
      });
      const { end } = await sender.flood(listener);
      await within("data comes", enough.promise);
      await within("a listener closes", listener.close());
      const { gone, data } = await end;
      assert(gone);
      assertGreaterOrEqual(handled, data);
      assertGreaterOrEqual(data, 20);
      // The sender cannot reach the window any more.
      for (const way of WAYS) {
        assertEquals((await sender.act(way, listener, [0, 0x3ff])).taken, 0);
      }
    });

    await t.step("a window closes during a flood of messages", async () => {
      await using window = await AttackedWindow.start("hidden", "run");
      const { end } = await sender.flood(window);
      while (await sendCopyData(window, "") < 40n);
      postMessage(window, WM_CLOSE);
      assert((await end).gone);
      await window.closed();
    });
  },
);

peers.test("CopyDataListener with a handler closes within 3 s while 32 threads send, and makes up no answer", async (bits) => {
  await using program = await compileC(peerUrl("messages/peers/many_senders.c"), { bits });
  let handled = 0;
  const enough = Promise.withResolvers<void>();
  const listener = await CopyDataListener.open({
    onMessage: async () => {
      if (++handled === 50) enough.resolve();
      await new Promise((resolve) => setTimeout(resolve));
      return 1;
    },
  });
  await using askers = await Peer.startProgram(program.path, `${listener.handle}`, "32");
  await within("many senders ask", enough.promise);
  await within("a listener closes", listener.close(), 3000);
  const [ones] = (await askers.nextLine()).split(" ").map(Number);
  assertGreaterOrEqual(handled, ones!);
  assertEquals([listener.stats.accepted, listener.stats.late], [handled, 0]);
});

Deno.test("MessageWindow.pump() returns after 10,000 messages although each message posts another one", () => {
  const WM_USER = 0x400;
  const many = 11_000;
  let taken = 0;
  using window = MessageWindow.open({
    procedure: ({ message }) => {
      if (message !== WM_USER) return undefined;
      if (++taken < many) postMessage(window, WM_USER);
      return 0n;
    },
  });
  postMessage(window, WM_USER);
  window.pump();
  assertEquals(taken, 10_000);
  window.pump();
  assertEquals(taken, many);
});

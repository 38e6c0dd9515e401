// Task: test:strangers

/**
 * Windows that get messages of all numbers from another program. arbitrary_messages_test.ts sends a
 * sample of them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { findWindow } from "../../src/messages/mod.ts";
import { compileC } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { peers } from "../support/peers.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";
import { ArbitrarySender } from "./arbitrary_sender.ts";
import {
  closeUnder,
  MEANINGFUL,
  PARAMETERS,
  type Sweep,
  sweepListener,
  sweepWindow,
} from "./sweep.ts";

/** All messages, in ranges that the sender finishes in a short time. */
const ALL: Sweep = {
  ranges: Array.from({ length: 16 }, (_, i) => [i * 0x1000, i * 0x1000 + 0xfff]),
  parameters: [["random", "random"]],
  ways: ["post", "send"],
};

peers.test("CopyDataListener works as before after all messages of another program", async (bits) => {
  await using sender = await ArbitrarySender.start(bits);
  await sweepListener(sender, "hidden", ALL);
});

peers.test("MessageWindow works as before after all messages of another program", async (bits) => {
  await using sender = await ArbitrarySender.start(bits);
  await sweepWindow(sender, "message-only", "run", ALL);
});

peers.test(
  "Listeners and windows work as before after another program has sent the system's messages",
  async (bits, t) => {
    await using sender = await ArbitrarySender.start(bits);
    const own: Sweep = { ranges: [[0, 0x3ff]], parameters: PARAMETERS };
    for (const visibility of ["message-only", "hidden"] as const) {
      await t.step(
        `a ${visibility} listener works as before`,
        () => sweepListener(sender, visibility, own),
      );
      for (const way of ["run", "pump"] as const) {
        await t.step(
          `a ${visibility} window in ${way}() works as before`,
          () => sweepWindow(sender, visibility, way, own),
        );
      }
    }
  },
);

peers.test(
  "CopyDataListener closes after each message that DefWindowProcW acts on",
  async (bits, t) => {
    await using sender = await ArbitrarySender.start(bits);
    for (const [index, meaningful] of MEANINGFUL.entries()) {
      const visibility = index % 2 ? "hidden" : "message-only";
      await t.step(
        `it closes after message ${meaningful[0]}`,
        () => closeUnder(sender, visibility, [meaningful]),
      );
    }
  },
);

peers.test("sendMessage() and postMessage() with invalid addresses do not end the script", async (bits) => {
  await using program = await compileC(peerUrl("messages/peers/queries.c"), { bits });
  const name = randomName();
  await using _asker = await Peer.startProgram(program.path, name);
  const { handle } = await findWindow({ class: name });
  const args = [`${handle}`, "[[0,65535]]"];
  // 131,072 calls take 20 s, and a minute or more on a slow machine.
  assertEquals(
    await runPeer("messages/peers/every_message.ts", args, { timeout: 240_000 }),
    ["survived"],
  );
});

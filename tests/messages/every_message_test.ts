// Task: test:strangers

/**
 * Windows that a program sends all message numbers to; arbitrary_messages_test.ts has a sample of
 * them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { findWindow } from "../../src/messages/mod.ts";
import { compileC } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
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

/** All messages, in parts that the sender soon has done. */
const ALL: Sweep = {
  ranges: Array.from({ length: 16 }, (_, i) => [i * 0x1000, i * 0x1000 + 0xfff]),
  parameters: [["random", "random"]],
  ways: ["post", "send"],
};

Deno.test("a listener survives all messages of a stranger", async () => {
  await using sender = await ArbitrarySender.start();
  await sweepListener(sender, "hidden", ALL);
});

Deno.test("a window survives all messages of a stranger", async () => {
  await using sender = await ArbitrarySender.start();
  await sweepWindow(sender, "message-only", "run", ALL);
});

Deno.test("listeners and windows survive the system's messages of a stranger", async (t) => {
  await using sender = await ArbitrarySender.start();
  const own: Sweep = { ranges: [[0, 0x3ff]], parameters: PARAMETERS };
  for (const visibility of ["message-only", "hidden"] as const) {
    await t.step(`a ${visibility} listener`, () => sweepListener(sender, visibility, own));
    for (const way of ["run", "pump"] as const) {
      await t.step(
        `a ${visibility} window that is to ${way}`,
        () => sweepWindow(sender, visibility, way, own),
      );
    }
  }
});

Deno.test("a listener closes after each message that the system's own procedure acts on", async (t) => {
  await using sender = await ArbitrarySender.start();
  for (const [index, meaningful] of MEANINGFUL.entries()) {
    const visibility = index % 2 ? "hidden" : "message-only";
    await t.step(
      `message ${meaningful[0]}`,
      () => closeUnder(sender, visibility, [meaningful]),
    );
  }
});

Deno.test("a script survives all messages that it sends itself, with addresses that are none", async () => {
  await using program = await compileC(peerUrl("messages/peers/queries.c"));
  const name = randomName();
  await using _asker = await Peer.startProgram(program.path, name);
  const { handle } = await findWindow({ class: name });
  const args = [`${handle}`, "[[0,65535]]"];
  assertEquals(
    await runPeer("messages/peers/every_message.ts", args, { flags: ["--allow-read"] }),
    ["survived"],
  );
});

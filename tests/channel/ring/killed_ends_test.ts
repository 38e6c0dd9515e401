// Task: test:faults

import { assert, assertThrows } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { peers } from "../../support/peers.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { killPeekers, killReceivers, killSenders, killSendersOfMany } from "./kill_ends.ts";
import { MAX_LENGTH, programs, scripts } from "./short_lived_ends.ts";
import { Notes } from "./notes.ts";

// For more rounds see tests/channel/at_length.ts.

peers.test("All committed messages of 25 killed C senders arrive once and in order, and then ConnectionReset", async (bits) => {
  const { messages, between } = await killSenders(programs(bits), {
    rounds: 25,
    messages: 501,
    between: 1,
    seed: 31,
  });
  assert(messages > 500 && between > 0, `${messages} received, ${between} not noted`);
});

peers.test("After each of 25 killed C receivers, the sender throws BrokenPipe and the next receiver continues", async (bits) => {
  const { messages } = await killReceivers(programs(bits), {
    rounds: 25,
    messages: 501,
    seed: 32,
  });
  assert(messages > 500, `${messages}`);
});

Deno.test("All committed messages of 3 killed scripts arrive once and in order, and then ConnectionReset", async () => {
  const { messages } = await killSenders(scripts, { rounds: 3, messages: 301, seed: 33 });
  assert(messages > 300, `${messages}`);
});

Deno.test("After each of 3 killed scripts that receive, the next receiver misses no message", async () => {
  const { messages } = await killReceivers(scripts, { rounds: 3, messages: 301, seed: 34 });
  assert(messages > 300, `${messages}`);
});

peers.test("After each of 12 killed C receivers that peek, all messages that were not released come again with their numbers", async (bits) => {
  const { messages, repeats } = await killPeekers(programs(bits), {
    rounds: 12,
    messages: 301,
    between: 1,
    seed: 36,
  });
  assert(messages > 300 && repeats > 0, `${messages} sent, ${repeats} repeated`);
});

Deno.test("After each of 4 killed scripts that peek, all messages that were not released come again with their numbers", async () => {
  const { messages, repeats } = await killPeekers(scripts, {
    rounds: 4,
    messages: 301,
    between: 1,
    seed: 37,
  });
  assert(messages > 300 && repeats > 0, `${messages} sent, ${repeats} repeated`);
});

Deno.test("A killed sender of several blocks no other sender and leaves only whole messages", async () => {
  const { messages } = await killSendersOfMany({ rounds: 3, messages: 301, seed: 35 });
  assert(messages > 300, `${messages}`);
});

peers.test("A receiver keeps no handle of the senders that have ended", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/short_lived_end.c", { bits });
  const name = randomName();
  using _notes = Notes.create(name);
  using channel = RingChannel.create(name, { maxMessageLength: MAX_LENGTH });
  using receiver = channel.receiver();
  await assertLeavesNoHandle(20, async () => {
    await using _peer = await Peer.startProgram(program.path, "send", name, "2000");
    assertThrows(() => {
      while (receiver.waitForMessageSync(soon)) receiver.read(() => {});
    }, Deno.errors.ConnectionReset);
  });
});

import { assert, assertThrows } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { killReceivers, killSenders, killSendersOfMany } from "./kill_ends.ts";
import { MAX_LENGTH, programs, scripts } from "./short_lived_ends.ts";
import { Notes } from "./notes.ts";

// For more rounds see tests/channel/at_length.ts.

Deno.test("Of 25 programs that send and are killed, all that they had committed arrives, once, whole and in order, and then ConnectionReset", async () => {
  const { messages, between } = await killSenders(programs, { rounds: 25, seed: 31 });
  assert(messages > 500 && between > 0, `${messages} received, ${between} not noted`);
});

Deno.test("After each of 25 programs that receive and are killed there is BrokenPipe, and the next one has all that it had not left behind", async () => {
  const { messages } = await killReceivers(programs, { rounds: 25, seed: 32 });
  assert(messages > 500, `${messages}`);
});

Deno.test("All that scripts know to be sent arrives, whole and in order, whenever they are killed, and then ConnectionReset", async () => {
  const { messages } = await killSenders(scripts, { rounds: 5, seed: 33 });
  assert(messages > 300, `${messages}`);
});

Deno.test("After scripts that receive and are killed the next one goes on, and nobody has a message torn, or misses one", async () => {
  const { messages } = await killReceivers(scripts, { rounds: 5, seed: 34 });
  assert(messages > 300, `${messages}`);
});

Deno.test("Senders of several that are killed, also with a message claimed, hold up nobody, and leave whole messages", async () => {
  const { messages } = await killSendersOfMany({ rounds: 6, seed: 35 });
  assert(messages > 300, `${messages}`);
});

Deno.test("A receiver that outlives many senders keeps no handle of theirs", async () => {
  await using program = await compileRingPeer("channel/ring/peers/short_lived_end.c");
  const name = randomName();
  using _notes = Notes.create(name);
  using channel = RingChannel.create(name, { maxMessageLength: MAX_LENGTH });
  using receiver = channel.receiver();
  const soon = { timeout: 20_000 };
  await assertLeavesNoHandle(20, async () => {
    await using _peer = await Peer.startProgram(program.path, "send", name, "2000");
    assertThrows(() => {
      while (receiver.waitForMessageSync(soon)) receiver.read(() => {});
    }, Deno.errors.ConnectionReset);
  });
});

// Task: test:peers
//
// The ends of rings that a link has: it closes both, and says what a ring does with a value.

import { assertEquals, assertRejects } from "@std/assert";
import { connectRing, listenRing, RingChannel } from "../../../src/channel/mod.ts";
import { channelLink, ringLink } from "../../../src/rpc/links/ring.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

Deno.test("A closed channelLink() leaves both channels to the script, with free places for new ends", async () => {
  using there = RingChannel.anonymous();
  using back = RingChannel.anonymous();
  for (let round = 0; round < 2; round++) {
    const [sender, receiver] = [there.sender(), back.receiver()];
    const link = channelLink({ sender, receiver });
    assertEquals(link.peer, undefined);
    await link[Symbol.asyncDispose]();
    assertEquals([sender.closed, receiver.closed], [true, true]);
  }
});

Deno.test("A link over a ring that drops messages rejects with WouldBlock, and names whenFull", async () => {
  const small = { capacity: 1024, whenFull: "drop" } as const;
  using there = RingChannel.anonymous(small);
  using back = RingChannel.anonymous(small);
  using _reader = there.receiver();
  await using link = channelLink({ sender: there.sender(), receiver: back.receiver() });
  const send = async () => {
    for (let sent = 0; sent < 1000; sent++) await link.send("a value", soon);
  };
  await assertRejects(send, Deno.errors.WouldBlock, '{ whenFull: "drop" }');
});

Deno.test("ringLink() closes its connection, and knows the process at the other end", async () => {
  const name = randomName();
  using listener = listenRing(name);
  const accepted = listener.accept(soon);
  const near = await connectRing(name, soon);
  const far = await accepted;
  const links = [ringLink(near), ringLink(far)];
  assertEquals(links.map(({ peer }) => peer?.pid), [Deno.pid, Deno.pid]);
  for (const link of links) await link[Symbol.asyncDispose]();
  const ends = [near.sender, near.receiver, far.sender, far.receiver];
  assertEquals(ends.map(({ closed }) => closed), [true, true, true, true]);
});

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RingChannel } from "../../src/channel/mod.ts";
import { assertLeavesNoHandle } from "../leak.ts";
import { Peer } from "../peer.ts";
import { randomName } from "../random_name.ts";
import { Random } from "./random.ts";

const soon = { timeout: 20_000 };

/** What the peer sends, checked by each byte. */
function expectation(maxMessageLength: number): (message: Uint8Array, number: number) => void {
  const random = new Random(7);
  const source = new Uint8Array(2 ** 17).map(() => random.below(256));
  return (message, number) => {
    const length = 4 + random.below(maxMessageLength - 3);
    const start = 8 * (number % 64);
    new DataView(source.buffer, start).setUint32(0, number, true);
    assertEquals(message.length, length, `message ${number}`);
    for (let at = 0; at < length; at++) {
      if (message[at] !== source[start + at]) throw new Error(`message ${number}, byte ${at}`);
    }
  };
}

Deno.test("A million messages of random lengths go through a small ring in order, to the end", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024, maxMessageLength: 200 });
  using receiver = channel.receiver();
  await using _peer = await Peer.start("channel.ts", "sender", name, "1000000");
  const check = expectation(200);
  let number = 0;
  while (receiver.waitForMessageSync(soon)) {
    receiver.read((bytes) => check(bytes, number++));
  }
  assertEquals(number, 1_000_000);
  assert(receiver.ended);
});

Deno.test("receive() and async iteration get all messages and the end", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 4096 });
  using receiver = channel.receiver();
  await using _peer = await Peer.start("channel.ts", "sender", name, "20000");
  const check = expectation(channel.settings.maxMessageLength);
  let number = 0;
  check((await receiver.receive(soon))!, number++);
  for await (const message of receiver) check(message, number++);
  assertEquals([number, await receiver.receive(soon)], [20_000, undefined]);
});

Deno.test("A sender that is killed leaves whole messages and then ConnectionReset, and its place", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 4096, maxMessageLength: 300 });
  using receiver = channel.receiver();
  const random = new Random(11);
  for (let round = 0; round < 12; round++) {
    await using peer = await Peer.start("channel.ts", "sender", name);
    const check = expectation(300);
    const last = random.below(50_000);
    let number = 0;
    if (round % 2 === 0) {
      // It may be killed while it waits for room, or in the middle of a message.
      while (number < last) {
        receiver.waitForMessageSync(soon);
        receiver.read((bytes) => check(bytes, number++));
      }
      peer.kill();
      assertThrows(() => {
        while (receiver.waitForMessageSync(soon)) {
          receiver.read((bytes) => check(bytes, number++));
        }
      }, Deno.errors.ConnectionReset);
    } else {
      while (number < last / 10) check((await receiver.receive(soon))!, number++);
      peer.kill();
      await assertRejects(async () => {
        for (;;) check((await receiver.receive(soon))!, number++);
      }, Deno.errors.ConnectionReset);
    }
    await peer.gone();
  }
});

Deno.test("A receiver that sleeps is woken by its sender's death", async () => {
  const name = randomName();
  using channel = RingChannel.create(name);
  await using peer = await Peer.start("channel.ts", "echo", `${await beside(channel, name)}`);
  using back = RingChannel.open(`${name}b`);
  using receiver = back.receiver();
  const wait = receiver.receive(soon);
  peer.kill();
  await assertRejects(() => wait, Deno.errors.ConnectionReset);
  using sender = channel.sender();
  assertThrows(() => {
    for (;;) sender.sendSync(new Uint8Array(1000), soon);
  }, Deno.errors.BrokenPipe);
});

const besides = new Map<string, RingChannel>();
function beside(_channel: RingChannel, name: string): string {
  besides.set(name, RingChannel.create(`${name}b`));
  return name;
}

import { channelFromParts, partsOf } from "../../../src/channel/ring/channel.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  CopyDataListener,
  findWindow,
  inheritHandles,
  sendHandle,
  SharedMemory,
} from "../../../mod.ts";
import { ChannelInbox, RingChannel, sendChannel } from "../../../src/channel/mod.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

Deno.test("RingChannel.inherited() takes an anonymous channel that the parent passed on", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using receiver = channel.receiver();
  let child: Deno.ChildProcess;
  {
    using scope = inheritHandles(channel.toInherit("numbers"));
    child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--allow-ffi"],
        peerUrl("channel/ring/peers/send_by_inherited.ts").href,
      ],
      env: scope.env,
    }).spawn();
  }
  const received = [];
  for await (const message of receiver) received.push(...message);
  assertEquals(received, Array.from({ length: 200 }, (_, index) => index));
  assertEquals((await child.status).code, 0);
});

for (const form of ["push", "pull"] as const) {
  Deno.test(`sendChannel() passes a channel to a running process by ${form}`, async () => {
    const className = randomName();
    await using _peer = await Peer.start("channel/ring/peers/receive_channels.ts", className);
    const window = await findWindow({ class: className });
    using channel = RingChannel.anonymous({ capacity: 1024 });
    using other = RingChannel.anonymous({ capacity: 1024 });
    assertEquals(await sendChannel(window, channel, { form, tag: 1 }), 8n);
    await sendChannel(window, other, { form, tag: 2 });
    using sender = channel.sender();
    using receiver = other.receiver();
    for (let number = 0; number < 100; number++) {
      await sender.sendValue({ number }, soon);
      assertEquals(await receiver.receiveValue(soon), { value: { number } });
    }
  });
}

Deno.test("ChannelInbox.take() refuses wrong parts and a wrong order, and keeps no handle", async () => {
  await using peers = new AsyncDisposableStack();
  const errors: unknown[] = [];
  const inbox = peers.use(new ChannelInbox());
  const listener = peers.use(
    await CopyDataListener.open({
      onMessage: (message) => {
        inbox.take(message)?.close();
        return 1n;
      },
      onError: (error) => errors.push(error),
    }),
  );
  const window = listener.handle;
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using memory = SharedMemory.anonymous(4096);
  const refused = (object: Parameters<typeof sendHandle>[1]) =>
    assertRejects(() => sendHandle(window, object), Deno.errors.ConnectionRefused);
  await assertLeavesNoHandle(10, async () => {
    const { data, space } = partsOf(channel);
    await refused(memory);
    await sendHandle(window, data);
    await refused(memory);
    await sendHandle(window, data);
    await sendHandle(window, space);
    await refused(space);
    await sendHandle(window, data);
    await sendHandle(window, space);
    // This memory does not hold a channel.
    await refused(memory);
    // The inbox keeps 16 incomplete channels, and closes the oldest ones beyond that.
    for (let tag = 1; tag < 40; tag++) await sendHandle(window, data, { tag });
    await sendChannel(window, channel);
  });
  assertEquals(errors.length % 4, 0);
  assertThrows(() => channelFromParts(channelOf(memory)), Deno.errors.NotFound);
  const options = { tag: 1, access: "read" };
  await assertRejects(
    () => sendChannel(window, channel, options),
    TypeError,
    'There is no option "access"',
  );
});

/** Returns the parts of a channel, but with another memory. */
function channelOf(memory: SharedMemory) {
  const { data, space } = partsOf(RingChannel.anonymous({ capacity: 1024 }));
  return { memory, data, space };
}

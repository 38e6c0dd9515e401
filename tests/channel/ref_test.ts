import { assertEquals } from "@std/assert";
import { BroadcastRing, RingChannel } from "../../mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";

const CHANNELS = {
  ring: (name: string) => RingChannel.create(name),
  "many senders": (name: string) => RingChannel.create(name, { producers: "multiple" }),
  broadcast: (name: string) => BroadcastRing.create(name),
};

for (const [kind, create] of Object.entries(CHANNELS)) {
  Deno.test(`unref() lets the process of a receiver end, and ref() keeps it alive: ${kind}`, async () => {
    for (const when of ["before it waits", "while it waits"]) {
      const name = randomName();
      using channel = create(name);
      using _sender = channel.sender();
      await using peer = await Peer.start(
        "channel/peers/unreferenced_receiver.ts",
        kind,
        when,
        name,
      );
      assertEquals((await peer.gone()).code, 0, when);
    }
    const name = randomName();
    using channel = create(name);
    using sender = channel.sender();
    await using peer = await Peer.start(
      "channel/peers/unreferenced_receiver.ts",
      kind,
      "ref",
      name,
    );
    await sender.send(Uint8Array.of(5));
    sender.flush();
    assertEquals(await peer.nextLine(), "received 5");
    assertEquals((await peer.gone()).code, 0);
  });
}

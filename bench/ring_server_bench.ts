/**
 * Measures how long a client and a server need to share two channels: by the handshake of
 * listenRing() and connectRing(), and beside it by a channel with a name. Both ends are in this
 * process.
 *
 * @module
 */

import { connectRing, listenRing, RingChannel } from "../mod.ts";

const GROUP = "set up two channels, one for each direction, and close them";
const CAPACITY = 65_536;

Deno.bench("RingChannel.create() and open(), by name", { group: GROUP, baseline: true }, () => {
  for (const direction of ["there", "back"]) {
    using created = RingChannel.create(`winipc-bench-${direction}`, { capacity: CAPACITY });
    using opened = RingChannel.open(`winipc-bench-${direction}`);
    using _sender = created.sender();
    using _receiver = opened.receiver();
  }
});

const listener = listenRing("winipc-bench-rings", { capacity: CAPACITY });
// The bench ends when its last case is measured.
listener.unref();

Deno.bench("listenRing() and connectRing(), by a handshake", { group: GROUP }, async () => {
  const [client, server] = await Promise.all([
    connectRing("winipc-bench-rings"),
    listener.accept(),
  ]);
  client.close();
  server.close();
});

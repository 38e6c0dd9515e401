// Task: test:package
//
// Compares the handshake of rings in docs/wire_formats.md with the messages of the library.

import { assertEquals } from "@std/assert";
import {
  connectPipe,
  connectRing,
  listenPipe,
  listenRing,
  SharedEvent,
  SharedMemory,
} from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import {
  type Bytes,
  documentation,
  Handshake,
  OfferedRing,
  ownOwner,
  Place,
  RingHeader,
} from "./document.ts";

/** Returns the documented number of each kind of message. */
function kinds(): Record<string, number> {
  const found = documentation.matchAll(/\b(\d) `(hello|offer|accept)`/g);
  return Object.fromEntries([...found].map(([, number, kind]) => [kind!, Number(number)]));
}

/** Writes a message down by the documented offsets. */
function messageOf(kind: string): Bytes {
  const bytes = new Uint8Array(16);
  const data = new DataView(bytes.buffer);
  data.setUint32(Handshake.offsetOf("magic"), Handshake.constants.magic!, true);
  data.setUint16(Handshake.offsetOf("version"), Handshake.constants.version!, true);
  data.setUint16(Handshake.offsetOf("kind"), kinds()[kind]!, true);
  data.setUint32(Handshake.offsetOf("pid"), Deno.pid, true);
  return bytes;
}

/** Returns the fields of a message of this process. */
function startOf(kind: string) {
  return { magic: 0x4850_4957, version: 1, kind: kinds()[kind]!, pid: Deno.pid, reserved: 0 };
}

Deno.test("wire_formats.md has the messages of a server's handshake", async () => {
  const name = randomName();
  using listener = listenRing(name, { capacity: 8192 });
  await using client = await connectPipe(name, { mode: "messages", ...soon });
  await client.write(messageOf("hello"), soon);
  const offer = await client.readMessage(soon);
  assertEquals(offer!.length, 80);
  assertEquals(Handshake.readAll(offer!), startOf("offer"));
  // The client's places: the sender's in the ring to the server, and the receiver's in the other.
  for (const [base, place] of [[16, "senders"], [48, "receiver"]] as const) {
    using stack = new DisposableStack();
    const { memory, size, data, space } = OfferedRing.readAll(offer!, base);
    assertEquals(size, 10_240n);
    const expected = { byteLength: Number(size), access: "readwrite" } as const;
    const shared = stack.use(SharedMemory.fromHandle(memory as bigint, expected));
    const owner = RingHeader.offsetOf(place) + Place.offsetOf("owner");
    const view = stack.use(shared.map());
    new DataView(view.buffer).setBigUint64(owner, ownOwner(), true);
    for (const event of [data, space]) {
      stack.use(SharedEvent.fromHandle(event as bigint, { access: "modify" }));
    }
  }
  await client.write(messageOf("accept"), soon);
  assertEquals(await client.readMessage(soon), null);
  using _connection = await listener.accept(soon);
});

Deno.test("wire_formats.md has the messages of a client's handshake", async () => {
  const name = randomName();
  using listener = listenPipe({ name, mode: "messages" });
  const connecting = connectRing(name, soon).catch((error) => error);
  await using server = await listener.accept(soon);
  const hello = await server.readMessage(soon);
  assertEquals(hello!.length, 16);
  assertEquals(Handshake.readAll(hello!), startOf("hello"));
  server.close();
  assertEquals((await connecting) instanceof Deno.errors.ConnectionReset, true);
});

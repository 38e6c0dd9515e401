// Task: test:bridge
//
// Messages of strangers who publish on the subjects of routes.

import { headers } from "@nats-io/transport-node";
import { assertEquals } from "@std/assert";
import { bridge } from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { NatsServer } from "../support/nats_server.ts";
import { connectTo, messageOf, numberIn, TestStream } from "../support/test_stream.ts";

const SOON = { timeout: 5000 };

/** Headers that the server passes on, and that the client cannot decode. */
const ODD_HEADERS = [
  "NATS/1.0\r\nbad name: value\r\n\r\n",
  "NATS/1.0\r\n\xe4\xff\0: value\r\n\r\n",
  "NATS/1.0\r\n: value\r\n\r\n",
  "NATS/1.0 99999999999999999999999 x\r\n\r\n",
  "\r\n\r\n",
];

/** Makes headers of any bytes. */
function oddHeaders(text: string) {
  const odd = headers();
  odd.set("name", "value");
  const encode = () => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return Object.assign(odd, { encode });
}

Deno.test("A route passes on messages with headers that the client cannot decode, and goes on", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await using stream = await TestStream.create(server.address);
  const stranger = await connectTo(server.address);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => stranger.close());
  using core = RingChannel.anonymous();
  using durable = RingChannel.anonymous();
  using fromCore = core.receiver();
  using fromDurable = durable.receiver();
  await using running = bridge(stream, [
    { subject: stream.subject, to: core },
    { subject: stream.subject, durable: "odd", to: durable },
  ]);
  await stream.connection.flush();
  for (const [number, text] of ODD_HEADERS.entries()) {
    stranger.publish(stream.subject, messageOf(number), { headers: oddHeaders(text) });
    stranger.publish(stream.subject, messageOf(number + 100));
  }
  const expected = [...ODD_HEADERS.keys()].flatMap((number) => [number, number + 100]);
  for (const receiver of [fromCore, fromDurable]) {
    const found = [];
    for (const _ of expected) found.push(numberIn((await receiver.receive(SOON))!));
    assertEquals(found, expected);
  }
  assertEquals(running.stats.map(({ state }) => state), ["running", "running"]);
});

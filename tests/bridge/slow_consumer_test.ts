// Task: test:bridge

import { connect, headers } from "@nats-io/transport-node";
import { assert, assertEquals } from "@std/assert";
import { bridge } from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { NatsServer } from "../support/nats_server.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { closing } from "../support/test_stream.ts";
import { numbered, numberOf, until } from "./numbered.ts";

const LENGTH = 4000;
/** More than the sockets of both ends keep. */
const COUNT = 12_000;

/** Returns a long message with a number. */
function long(number: number): Uint8Array {
  const message = new Uint8Array(LENGTH);
  message.set(numbered(number));
  return message;
}

Deno.test("A bridge that the server cuts off as a slow consumer comes back, and counts what it missed", async () => {
  await using server = await NatsServer.start({
    config: ["max_pending: 2000000", 'write_deadline: "100ms"'],
  });
  const options = { servers: server.address, reconnectTimeWait: 50 };
  const connection = await connect(options);
  await using _ = closing(connection);
  const changes: string[] = [];
  const watch = async () => {
    for await (const { type } of connection.status()) changes.push(type);
  };
  void watch();
  const name = randomName();
  using from = RingChannel.create(name, { capacity: 2 ** 26, maxMessageLength: LENGTH });
  using to = RingChannel.anonymous({ capacity: 2 ** 26 });
  using sender = from.sender();
  using receiver = to.receiver();
  await using running = bridge({ connection, headers }, [{ subject: "lines", to }]);
  await connection.flush();
  const flags = ["run", "--no-prompt", "--no-check", "--allow-ffi", "--allow-net", "--allow-env"];
  const script = peerUrl("bridge/peers/one_way.ts").href;
  const args = [...flags, script, server.address, "out", name, "lines"];
  await using _out = await Peer.startProgram(Deno.execPath(), ...args);

  await sender.send(long(0));
  await until("the first message arrives", () => running.stats[0]!.delivered === 1);
  for (let number = 1; number < COUNT; number++) assert(sender.trySend(long(number)));
  sender.flush();
  // This process reads nothing while the other one publishes.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);

  let sent = COUNT;
  await until("a message after the cut arrives", () => {
    if (sender.trySend(long(sent))) sent++;
    sender.flush();
    return running.stats[0]!.lost > 0;
  });
  await until("the last message arrives", () => {
    const { delivered, lost } = running.stats[0]!;
    return delivered + lost === sent;
  });
  const numbers: number[] = [];
  for (let m; (m = receiver.tryReceive()) !== undefined;) numbers.push(numberOf(m));
  assertEquals(numbers.at(-1), sent - 1);
  assert(changes.includes("disconnect"), `${changes}`);
  assert(numbers.every((number, index) => index === 0 || number > numbers[index - 1]!));
  const { state, lost, duplicates } = running.stats[0]!;
  assertEquals([state, numbers.length + lost, duplicates], ["running", sent, 0]);
});

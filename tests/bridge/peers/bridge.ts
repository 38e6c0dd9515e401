// Runs a bridge: from a ring to a stream, and by a durable consumer from the stream to another ring.
// With "deaf", the bridge hears only the first acknowledgement and passes on no message. It writes "taken" when
// all of the expected messages are on their way in both directions.

import { bridge, type NatsClient, type NatsJetStream } from "../../../src/bridge/mod.ts";
import { RingChannel } from "../../../src/channel/mod.ts";
import { headers } from "@nats-io/transport-node";
import { jetstream } from "@nats-io/jetstream";
import { connectTo } from "../../support/test_stream.ts";

const [address, out, back, subject, stream, durable, expected, mode] = Deno.args as string[];
const connection = await connectTo(address!);
const real: NatsJetStream = jetstream(connection);
let arrived = 0;
const deaf: NatsJetStream = {
  publish: async (subject, data, options) => {
    const acknowledgement = await real.publish(subject, data, options);
    return acknowledgement.seq === 1 ? acknowledgement : await new Promise<never>(() => {});
  },
  jetstreamManager: (checkApi) => real.jetstreamManager(checkApi),
  consumers: {
    async get(stream, name) {
      const consumer = await real.consumers.get(stream, name);
      return {
        info: () => consumer.info(),
        consume: (options) => consumer.consume({ ...options, callback: () => arrived++ }),
      };
    },
  },
};
const client: NatsClient = {
  connection,
  headers,
  jetstream: mode === "deaf" ? deaf : real,
};
using from = RingChannel.open(out!);
using to = RingChannel.open(back!);
const running = bridge(client, [
  { from, subject: subject!, delivery: { stream: stream! } },
  { subject: subject!, durable: durable!, to },
]);
console.log("ready");
if (mode === "deaf") {
  while (running.stats[0]!.pending < Number(expected) - 1 || arrived < Number(expected)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  console.log("taken");
}
// The test kills this process.
await running.closed;

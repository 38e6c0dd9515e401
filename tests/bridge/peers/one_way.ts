// Runs a bridge at most once: from a ring to a subject, or from a subject to a ring. The test kills
// it.

import { connect, headers } from "@nats-io/transport-node";
import { bridge } from "../../../src/bridge/mod.ts";
import { RingChannel } from "../../../src/channel/mod.ts";

const [servers, direction, ring, subject] = Deno.args as [string, string, string, string];
const connection = await connect({ servers });
using channel = RingChannel.open(ring);
const running = bridge({ connection, headers }, [
  direction === "out" ? { from: channel, subject } : { subject, to: channel },
]);
await connection.flush();
console.log("ready");
await running.closed;

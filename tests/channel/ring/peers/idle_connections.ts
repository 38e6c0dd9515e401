/**
 * A server or a client of listenRing() with idle connections: `idle_connections.ts serve|connect
 * NAME`. The server can start no thread, and prints the error that ends it.
 */

import { connectRing, listenRing, type RingConnection } from "../../../../src/channel/mod.ts";

import { refuseThreads } from "../../../support/refuse_threads.ts";
import { soon } from "../../../support/soon.ts";

const [role, name] = Deno.args;
const connections: RingConnection[] = [];

try {
  if (role === "serve") {
    refuseThreads();
    using listener = listenRing(name!);
    while (true) {
      const connection = await listener.accept(soon);
      connections.push(connection);
      connection.receiver.receive().catch(() => {});
    }
  } else {
    while (true) connections.push(await connectRing(name!, { waitForServer: true, timeout: 5000 }));
  }
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
Deno.exit();

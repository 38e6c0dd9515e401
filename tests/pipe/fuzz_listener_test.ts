// Task: test:faults

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { Random } from "../support/random.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";

const STEPS = 400;
const LIMITS = [
  { backlog: 1 },
  { backlog: 4 },
  { backlog: 1, maxConnections: 1 },
  { backlog: 3, maxConnections: 2 },
];

for (const [index, limits] of LIMITS.entries()) {
  const seed = 30 + index;
  Deno.test(`PipeListener keeps its limits in ${STEPS} random steps: ${JSON.stringify(limits)}, seed ${seed}`, async () => {
    const { backlog, maxConnections = Infinity } = limits;
    const random = new Random(seed);
    const name = randomName();
    using listener = listenPipe({ name, ...limits });
    /** The clients that are connected, and the servers' ends that were accepted. */
    const [clients, servers]: [PipeConnection[], PipeConnection[]] = [[], []];
    /** The clients that were let in. Each of them is a connection at the server, too. */
    let letIn = 0;
    let accepted = 0;
    const takeOne = (ends: PipeConnection[]) => ends.splice(random.below(ends.length), 1)[0];
    for (let step = 0; step < STEPS; step++) {
      const choice = random.below(10);
      // A client can find the pipe busy; there is no other error.
      if (choice < 4) {
        await connectPipe(name, { timeout: random.below(5) }).then(
          (client) => {
            clients.push(client);
            letIn++;
          },
          (error) => assertEquals(error.name, "TimedOut"),
        );
      } else if (choice < 7) {
        const controller = new AbortController();
        const options = choice === 6
          ? { signal: controller.signal }
          : { timeout: 2 * random.below(3) };
        const accepting = listener.accept(options);
        if (choice === 6) setTimeout(() => controller.abort(new Error("on purpose")), 1);
        await accepting.then(
          (server) => {
            servers.push(server);
            accepted++;
          },
          (error) => assert(/TimedOut|Error/.test(error.name), `${error}`),
        );
      } else if (choice < 9) takeOne(choice === 7 ? clients : servers)?.close();
      else {
        // A client that comes and goes at once.
        const client = await connectPipe(name, { timeout: 0 }).catch(() => undefined);
        if (client === undefined) continue;
        client.abort();
        letIn++;
      }
      assertLessOrEqual(servers.length, maxConnections);
    }
    for (const end of [...clients, ...servers]) end.close();
    // The clients that nobody has accepted.
    for (; accepted < letIn; accepted++) (await listener.accept(soon)).close();
    // The listener lets as many clients in as at the beginning.
    const room = Math.min(backlog, maxConnections);
    const connected = await within(
      "all clients are let in",
      Promise.all(Array.from({ length: room }, () => connectPipe(name, soon))),
    );
    const one = await connectPipe(name, { timeout: 50 }).catch((error) => error.name);
    assertEquals(one, "TimedOut");
    for (const client of connected) {
      const server = await listener.accept(soon);
      await server.write(Uint8Array.of(1), soon);
      client.close();
      server.close();
    }
  });
}

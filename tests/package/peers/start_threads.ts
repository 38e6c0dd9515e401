/**
 * Uses each of the calls that start a thread, and prints their results. Tests run this script from
 * a checkout, from a server, bundled and compiled.
 *
 * @module
 */

import {
  connectPipe,
  CopyDataListener,
  listenPipe,
  sendCopyData,
  SharedEvent,
  SharedMutex,
  waitAny,
} from "../../../mod.ts";

/** Number of clients that read at the same time. */
const CLIENTS = 20;
const signal = AbortSignal.timeout(30_000);

using event = SharedEvent.anonymous({ signalled: true });
using mutex = SharedMutex.anonymous();
console.log("waitAny:", (await waitAny([event, mutex], { signal })).index);
{
  using _lock = await mutex.lock({ signal });
  console.log("lock: taken");
}

{
  await using listener = await CopyDataListener.open({
    onMessage: (message) => message.text() === "Hello" ? 5n : 0n,
  });
  console.log("sendCopyData:", await sendCopyData(listener, "Hello"));
}

const name = `start_threads.${crypto.randomUUID()}`;
using server = listenPipe({ name });
const accepted = Array.from({ length: CLIENTS }, () => server.accept({ signal }));
const clients = await Promise.all(
  Array.from({ length: CLIENTS }, () => connectPipe(name, { signal })),
);
const reads = clients.map((client) => client.read(new Uint8Array(8), { signal }));
const connections = await Promise.all(accepted);
await Promise.all(connections.map((connection) => connection.write(new Uint8Array(4), { signal })));
console.log("listenPipe:", (await Promise.all(reads)).join(" "));
for (const client of clients) client.abort();
for (const connection of connections) connection.abort();

/**
 * An end that does everything at once until it is killed: `killed_end.ts server|client NAME`. It
 * has a read, a write and a flush in flight, on two connections.
 *
 * @module
 */

import { connectPipe, listenPipe, type PipeConnection } from "../../../src/pipe/mod.ts";

const [side, name] = Deno.args as [string, string];

async function use(connection: PipeConnection, isFull: boolean): Promise<void> {
  const reading = connection.read(new Uint8Array(10));
  await connection.write(new Uint8Array(1000).fill(7));
  const rest = isFull ? connection.write(new Uint8Array(500_000)) : connection.flushed();
  await Promise.all([reading, rest]);
}

if (side === "server") {
  const listener = listenPipe({ name });
  console.log("ready");
  for (const isFull of [true, false]) void use(await listener.accept(), isFull);
} else {
  for (const isFull of [true, false]) void use(await connectPipe(name), isFull);
  console.log("ready");
}
setInterval(() => {}, 1000);

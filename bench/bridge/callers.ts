/**
 * Two ways to ask another process through a NATS server: a bare request of the NATS client, and a
 * call of this library.
 *
 * @module
 */

import { connect, headers } from "@nats-io/transport-node";
import { natsLink } from "../../src/bridge/mod.ts";
import { client } from "../../src/rpc/mod.ts";
import { NatsServer } from "../../tests/support/nats_server.ts";
import { Peer } from "../../tests/support/peer.ts";

/** The two ways. Each sends a number of bytes or characters there and back. */
export interface Callers extends AsyncDisposable {
  bare(length: number): Promise<unknown>;
  call(length: number): Promise<unknown>;
}

/** Starts a server and a process that answers, and connects to both. */
export async function openCallers(): Promise<Callers> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const flags = ["run", "--no-prompt", "--allow-ffi", "--allow-net=127.0.0.1"];
  const script = new URL("peers/responder.ts", import.meta.url).href;
  stack.use(await Peer.startProgram(Deno.execPath(), ...flags, script, server.address));
  const connection = await connect({ servers: server.address });
  stack.defer(() => connection.close());
  const link = await natsLink({ connection, headers }, "calls", { timeout: 20_000 });
  const caller = stack.use(client<{ echo: (text: string) => string }>(link));
  const ends = stack.move();
  return {
    bare: (length) => connection.request("bare", new Uint8Array(length), { timeout: 20_000 }),
    call: (length) => caller.call("echo", "x".repeat(length)),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

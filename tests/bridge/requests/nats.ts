/**
 * Links over NATS to another process, and the parts of which tests make them.
 *
 * @module
 */

import { connect, headers } from "@nats-io/transport-node";
import { natsLinks } from "../../../src/bridge/mod.ts";
import { NatsServer, type NatsServerOptions } from "../../support/nats_server.ts";
import { type PeerPath, peerUrl } from "../../support/peer_url.ts";
import { randomName } from "../../support/random_name.ts";
import { within } from "../../support/within.ts";
import { type Kind, type Linked, linked, MAX_LENGTH } from "../../rpc/links/kinds.ts";

/** Starts a script that uses the server. */
export function startOver(
  server: NatsServer,
  script: PeerPath,
  ...args: string[]
): Deno.ChildProcess {
  const flags = ["run", "--no-check", "--no-prompt", "--allow-ffi", "--allow-net=127.0.0.1"];
  return new Deno.Command(Deno.execPath(), {
    args: [...flags, peerUrl(script).href, server.address, ...args],
    stdin: "null",
    stdout: "inherit",
  }).spawn();
}

/** Connects to the server until the end of the scope. */
export async function connectTo(
  server: NatsServer,
  stack: AsyncDisposableStack,
  user: { user?: string; pass?: string } = {},
) {
  const servers = server.address;
  const connection = await connect({ servers, reconnectTimeWait: 100, ...user });
  stack.defer(() => connection.close());
  return { connection, headers };
}

/** Makes a kind of link over servers with some options. */
export function natsKind(name: string, options: NatsServerOptions = {}): Kind {
  async function open(script = "end.ts"): Promise<Linked> {
    const stack = new AsyncDisposableStack();
    const server = stack.use(await NatsServer.start(options));
    const nats = await connectTo(server, stack);
    const subject = randomName().replaceAll(/\W/g, "-");
    const links = natsLinks(nats, subject, { maxMessageLength: MAX_LENGTH });
    await nats.connection.flush();
    const child = startOver(server, `bridge/requests/peers/${script}`, subject);
    const next = await within("the child links", links[Symbol.asyncIterator]().next());
    links.close!();
    return linked(next.value, child, stack);
  }
  return { name, waits: true, isLimited: true, open };
}

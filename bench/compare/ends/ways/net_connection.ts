/**
 * The connection of two ends by node:net.
 *
 * @module
 */

import { once } from "node:events";
import {
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Server,
  type Socket,
} from "node:net";
import { NetLink } from "./net_link.ts";

/** Connects a near end to its far end. */
export async function connectTo(options: NetConnectOpts): Promise<NetLink> {
  const socket = connect(options);
  await once(socket, "connect");
  return new NetLink(socket);
}

/**
 * Waits until the near end has connected to this far end.
 *
 * @param onListening Is called when the near end can connect.
 */
export async function accept(
  options: ListenOptions,
  onListening: (server: Server) => void,
): Promise<NetLink> {
  const server = createServer({ noDelay: true });
  const accepted = new Promise<Socket>((resolve, reject) => {
    server.once("connection", resolve);
    server.once("error", reject);
  });
  server.listen(options, () => onListening(server));
  const socket = await accepted;
  server.close();
  return new NetLink(socket);
}

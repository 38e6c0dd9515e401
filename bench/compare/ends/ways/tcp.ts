/**
 * A TCP connection over the loopback interface.
 *
 * @module
 */

import type { Side, WayOfProgram } from "../../link.ts";
import { ByteLink } from "./byte_link.ts";
import { tempPath } from "./temp_path.ts";

const HOST = "127.0.0.1";

/** Deno's TCP sockets. The far end listens, and a file tells its port. */
export const tcp: WayOfProgram = {
  async open(side, name, ready) {
    const connection = await connect(side, tempPath(name), ready);
    connection.setNoDelay();
    return new ByteLink(connection);
  },
};

async function connect(side: Side, file: string, ready: () => void): Promise<Deno.TcpConn> {
  if (side === "near") {
    return await Deno.connect({ hostname: HOST, port: Number(await Deno.readTextFile(file)) });
  }
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  await Deno.writeTextFile(file, `${listener.addr.port}`);
  ready();
  const connection = await listener.accept();
  await Deno.remove(file);
  return connection;
}

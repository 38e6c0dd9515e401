/**
 * A TCP connection over the loopback interface, by node:net.
 *
 * @module
 */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { WayOfProgram } from "../../link.ts";
import { accept, connectTo } from "./net_connection.ts";
import { tempPath } from "./temp_path.ts";

const HOST = "127.0.0.1";

/** TCP sockets. The far end listens, and a file tells its port. */
export const netTcp: WayOfProgram = {
  async open(side, name, ready) {
    const file = tempPath(name);
    if (side === "near") {
      const port = Number(readFileSync(file, "utf8"));
      return await connectTo({ host: HOST, port, noDelay: true });
    }
    const link = await accept({ host: HOST, port: 0 }, (server) => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("TCP has no port");
      writeFileSync(file, `${address.port}`);
      ready();
    });
    rmSync(file);
    return link;
  },
};

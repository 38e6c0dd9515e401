/**
 * A named pipe of bytes by node:net, in Deno and in Node.js.
 *
 * @module
 */

import type { WayOfProgram } from "../../link.ts";
import { accept, connectTo } from "./net_connection.ts";

/** A named pipe of bytes. */
export const netPipe: WayOfProgram = {
  async open(side, name, ready) {
    const path = `\\\\.\\pipe\\${name}`;
    return side === "near" ? await connectTo({ path }) : await accept({ path }, ready);
  },
};

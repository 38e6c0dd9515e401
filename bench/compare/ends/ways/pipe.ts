/**
 * A named pipe, of bytes or of messages.
 *
 * @module
 */

import { connectPipe, listenPipe, type PipeConnection, type PipeMode } from "../../../../mod.ts";
import type { Link, Side, WayOfProgram } from "../../link.ts";
import { PATIENCE } from "../watchdog.ts";
import { ByteLink } from "./byte_link.ts";

const LIMIT = { timeout: PATIENCE };

/** A pipe of bytes. */
export const pipeBytes: WayOfProgram = {
  async open(side, name, ready) {
    return new ByteLink(await connect(side, name, { mode: "bytes", ready }));
  },
};

/** A pipe of messages, each of which is a frame. */
export const pipeMessages: WayOfProgram = {
  async open(side, name, ready) {
    return new MessageLink(await connect(side, name, { mode: "messages", ready }));
  },
};

/** Opens an end of a pipe. The far end is the server. */
async function connect(
  side: Side,
  name: string,
  { mode, ready }: { mode: PipeMode; ready: () => void },
): Promise<PipeConnection> {
  if (side === "near") return await connectPipe(name, { mode, ...LIMIT });
  using listener = listenPipe({ name, mode });
  ready();
  return await listener.accept(LIMIT);
}

class MessageLink implements Link {
  readonly #connection: PipeConnection;
  #buffer = new Uint8Array(0);

  constructor(connection: PipeConnection) {
    this.#connection = connection;
  }

  send(frame: Uint8Array<ArrayBuffer>): Promise<unknown> {
    return this.#connection.write(frame);
  }

  async receive(length: number): Promise<Uint8Array> {
    if (this.#buffer.length !== length) this.#buffer = new Uint8Array(length);
    const count = await this.#connection.read(this.#buffer);
    if (count === null) throw new Error("The peer has closed the pipe");
    return count === length ? this.#buffer : this.#buffer.subarray(0, count);
  }

  async close(): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

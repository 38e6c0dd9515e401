/**
 * A link over a connection that carries bytes.
 *
 * @module
 */

import type { Link } from "../../link.ts";

/** A connection that carries bytes. */
export interface ByteConnection {
  /** Reads some bytes. Returns their number, or `null` at the end. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes some bytes, or all. Returns their number. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  close(): void | Promise<void>;
}

/** A link over a connection that carries bytes. */
export class ByteLink implements Link {
  readonly #connection: ByteConnection;
  #buffer = new Uint8Array(0);

  constructor(connection: ByteConnection) {
    this.#connection = connection;
  }

  async send(frame: Uint8Array<ArrayBuffer>): Promise<void> {
    let written = await this.#connection.write(frame);
    while (written < frame.length) {
      written += await this.#connection.write(frame.subarray(written));
    }
  }

  async receive(length: number): Promise<Uint8Array> {
    if (this.#buffer.length !== length) this.#buffer = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const count = await this.#connection.read(this.#buffer.subarray(filled));
      if (count === null) throw new Error("The peer has closed the connection");
      filled += count;
    }
    return this.#buffer;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/**
 * A socket of node:net as a link, in Deno and in Node.js.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { Link } from "../../link.ts";

/** A link over a socket, which carries a stream of bytes. */
export class NetLink implements Link {
  readonly #socket: Socket;
  /** Number of frames that the socket has not written yet. */
  #unwritten = 0;
  #error: Error | undefined;
  /** Ends the wait for the socket's next event. */
  #goOn: (() => void) | undefined;

  /** Makes a link over a socket that is connected, and of which nothing was read. */
  constructor(socket: Socket) {
    this.#socket = socket;
    for (const event of ["readable", "drain", "end", "close"]) {
      socket.on(event, () => this.#goOn?.());
    }
    socket.on("error", (error) => {
      this.#error = error;
      this.#goOn?.();
    });
  }

  async send(frame: Uint8Array<ArrayBuffer>): Promise<void> {
    const socket = this.#socket;
    // A long frame fills the buffer of the socket, so send() waits until the frame is written. A
    // short frame is copied, because the socket can write it later.
    const isShort = frame.length < socket.writableHighWaterMark;
    this.#unwritten++;
    socket.write(isShort ? frame.slice() : frame, this.#countWritten);
    while (socket.writableNeedDrain) {
      this.#throwIfClosed();
      await this.#nextEvent();
    }
  }

  async receive(length: number): Promise<Uint8Array> {
    for (;;) {
      const frame: Uint8Array | null = this.#socket.read(length);
      if (frame !== null) return frame;
      this.#throwIfClosed();
      await this.#nextEvent();
    }
  }

  async close(): Promise<void> {
    // The peer closes its end after the last frame, so an error or an end is no fault here.
    // In Deno, end() never reaches the peer of a pipe.
    while (this.#unwritten > 0 && !this.#socket.destroyed) await this.#nextEvent();
    this.#socket.destroy();
  }

  readonly #countWritten = (): void => {
    this.#unwritten--;
    this.#goOn?.();
  };

  #throwIfClosed(): void {
    if (this.#error) throw this.#error;
    if (this.#socket.readableEnded || this.#socket.destroyed) {
      throw new Error("The peer has closed the connection");
    }
  }

  #nextEvent(): Promise<void> {
    return new Promise((resolve) => this.#goOn = resolve);
  }
}

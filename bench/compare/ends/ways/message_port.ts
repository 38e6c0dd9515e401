/**
 * A link over anything with `postMessage()`.
 *
 * @module
 */

import type { Link } from "../../link.ts";
import { windowOf } from "../window.ts";

/** A `Worker`, the global object of one, or a `BroadcastChannel`. */
export interface Port {
  postMessage(message: Uint8Array): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** Options of {@linkcode PortLink}. */
export interface PortOptions {
  /** Returns the number of frames of a length that may wait for the peer. @default windowOf */
  readonly window?: (length: number) => number;
  /** Closes the port. @default nothing */
  readonly close?: () => void;
}

/** A link over a port. Each frame is copied by the structured clone. */
export class PortLink implements Link {
  readonly window: (length: number) => number;
  readonly #port: Port;
  readonly #close: () => void;
  readonly #frames: Uint8Array[] = [];
  #resolve: ((frame: Uint8Array) => void) | undefined;

  constructor(port: Port, { window = windowOf, close = () => {} }: PortOptions = {}) {
    this.#port = port;
    this.window = window;
    this.#close = close;
    port.onmessage = ({ data }) => this.#take(data);
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#port.postMessage(frame);
  }

  receive(): Uint8Array | Promise<Uint8Array> {
    return this.#frames.shift() ?? new Promise((resolve) => this.#resolve = resolve);
  }

  close(): void {
    this.#close();
  }

  #take(frame: unknown): void {
    if (!(frame instanceof Uint8Array)) throw new TypeError("Expected a frame");
    const resolve = this.#resolve;
    this.#resolve = undefined;
    if (resolve) resolve(frame);
    else this.#frames.push(frame);
  }
}

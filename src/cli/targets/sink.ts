/**
 * The sending ends of targets.
 *
 * @module
 */

import type { Output } from "../printing/output.ts";
import type { WaitOptions } from "../../wait/options.ts";

/** Takes the messages of `winipc send`. */
export interface Sink {
  /** Sends a message. After that, the receiver can get the message, also if winipc ends. */
  send(message: OutgoingMessage, wait: WaitOptions): Promise<void> | void;
  /**
   * Waits until the receiver is gone. Missing if this kind of target does not tell it.
   *
   * @throws The error that says so; the reason of the signal.
   */
  whenGone?(signal: AbortSignal): Promise<never>;
  /** Closes the end. */
  close(): Promise<void> | void;
}

/** A message to send. */
export interface OutgoingMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether a stream of bytes needs a line break after the message. */
  readonly isLine: boolean;
}

/** How a sink is opened. */
export interface SinkOptions {
  readonly output: Output;
  /** The wait for a pipe that is busy. */
  readonly wait: WaitOptions;
  /** The number `dwData` of a WM_COPYDATA. */
  readonly dataId: number;
}

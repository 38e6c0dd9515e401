/**
 * The receiving ends of targets.
 *
 * @module
 */

/** A message that `winipc listen` has received, or an event that was set. */
export interface Received {
  /** The bytes; `undefined` for an event. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** The id of the process that has sent the message, where Windows tells it. */
  readonly from?: number | undefined;
  /** The number `dwData` of a WM_COPYDATA. */
  readonly id?: bigint;
  /** The handle of the window that a WM_COPYDATA names as its sender. */
  readonly sender?: bigint;
  /** The number of messages that the sender has overwritten before this one. */
  readonly missed?: number;
  /** Confirms that the message was printed. Until then, the message is not taken. */
  readonly confirm?: () => void;
}

/** Receives the messages of `winipc listen`. */
export interface Source {
  /** Words about the end that was opened, such as the handle of a window. */
  readonly note?: string;
  /** Why no message can come any more, after {@linkcode next} has returned `undefined`. */
  readonly ending?: string;
  /**
   * Waits for the next message; returns `undefined` if no message can come any more.
   *
   * @throws The reason of the signal, as soon as it aborts.
   */
  next(signal: AbortSignal): Promise<Received | undefined>;
  /** Closes the end. Messages that were not confirmed are not taken. */
  close(): Promise<void> | void;
}

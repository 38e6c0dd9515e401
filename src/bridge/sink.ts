/**
 * The sinks of routes, as the routes see them.
 *
 * @module
 */

/** Takes messages: one end of a channel, a pipe, a mailslot or a window. */
export interface RouteSink {
  /** The sink in words: `ring "Local\\lines"`. */
  readonly label: string;
  /** The length of the longest message in bytes, if the sink limits it. */
  readonly maxMessageLength: number | undefined;
  /**
   * Sends a message if that needs no wait.
   *
   * @returns Whether the sink has taken the message. If not, call {@linkcode send}. It is `false`
   *   for a sink that always waits.
   * @throws If the sink can take no message any more.
   */
  trySend(bytes: Uint8Array): boolean;
  /**
   * Sends a message. When the promise is fulfilled, the message is in shared memory, or with the
   * system: the end of this process does not lose it.
   *
   * @returns Whether the sink has taken the message; `false` if it dropped the message, as its own
   *   policy says.
   * @throws The reason of the signal. The sink has then taken nothing of the message.
   */
  send(bytes: Uint8Array, signal: AbortSignal): Promise<boolean>;
  /** Closes the end that the bridge has opened. */
  close(): Promise<void> | void;
}

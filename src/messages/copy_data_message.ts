/**
 * A message as a listener gives it to the script.
 *
 * @module
 */

import { decodeText, type TextEncoding } from "./encoding.ts";
import { MessageSender } from "./message_sender.ts";

/** A message as it came. */
export interface IncomingMessage {
  /** The number that tells what the data is. */
  id: bigint;
  /** The data. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The window that is named as the sender's, or 0. */
  sender: bigint;
}

/** What came by WM_COPYDATA. */
export class CopyDataMessage {
  /** The number that tells what the data is (`dwData`). */
  readonly id: bigint;
  /** The data, as many bytes as the sender counted (`cbData`); a copy, the script's own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Who the message says it is from. */
  readonly sender: MessageSender;

  /**
   * Puts a message together.
   *
   * @param message The message as it came.
   */
  constructor({ id, bytes, sender }: IncomingMessage) {
    this.id = id;
    this.bytes = bytes;
    this.sender = new MessageSender(sender);
  }

  /**
   * The data as a text, up to the first NUL if there is one: some senders count it in
   * and some do not.
   *
   * @param encoding How the sender wrote it. @default "utf-16le"
   */
  text(encoding?: TextEncoding): string {
    return decodeText(this.bytes, encoding);
  }
}

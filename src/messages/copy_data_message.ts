/**
 * A message as a listener gives it to the script.
 *
 * @module
 */

import { decodeText, type TextEncoding } from "./encoding.ts";
import type { MessageSender } from "./message_sender.ts";

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
   * @param id The number that tells what the data is.
   * @param bytes The data.
   * @param sender Who the message says it is from.
   */
  constructor(id: bigint, bytes: Uint8Array<ArrayBuffer>, sender: MessageSender) {
    this.id = id;
    this.bytes = bytes;
    this.sender = sender;
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

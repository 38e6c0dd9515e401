/**
 * Messages as the window procedure of a listener gets them.
 *
 * @module
 */

/** A WM_COPYDATA as it came. */
export interface IncomingMessage {
  /** The number that tells what the data is. */
  id: bigint;
  /** The data. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The window that is named as the sender's, or 0. */
  sender: bigint;
}

/** A message of the sender's own as it came: two numbers. */
export interface IncomingNumbers {
  /** Which message. */
  number: number;
  /** Its first parameter, unsigned. */
  wParam: bigint;
  /** Its second parameter, signed. */
  lParam: bigint;
}

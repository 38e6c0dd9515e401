/**
 * A layout of messages that leaves each message as its bytes. A ring has the description of a layout
 * in its memory. With this layout, a tool without the struct can open and create such a ring.
 *
 * @module
 */

import type { DescribedLayout } from "../../struct/description.ts";
import type { MessageLayout } from "../../struct/tagged.ts";

/**
 * Returns a layout that has a ring's description, and copies the bytes of each message.
 *
 * @param byteLength The maximum length of a message in bytes. A message of another length than its
 *   layout's is not refused.
 */
export function bytesLayout(
  { signature, layoutHash }: DescribedLayout,
  byteLength: number,
): MessageLayout<Uint8Array<ArrayBuffer>, never, never> {
  return {
    byteLength,
    signature,
    layoutHash,
    check: refuse,
    messageLength: refuse,
    storeMessage: refuse,
    messageViews: refuse,
    loadMessage: ({ buffer, byteOffset }, offset, length) =>
      new Uint8Array(buffer, byteOffset + offset, length).slice(),
  };
}

function refuse(): never {
  throw new TypeError("Messages are only bytes here: send them by send(), and read copies");
}

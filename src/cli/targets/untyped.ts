/**
 * Opens rings whose messages have no layout.
 *
 * @module
 */

import { LAYOUT_REMEDY } from "../../struct/description.ts";

/**
 * Opens a ring.
 *
 * @throws {Deno.errors.InvalidData} If its messages have a layout, with advice for users of winipc.
 */
export function openUntyped<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    const remedy = "winipc sends and listens without a layout only: winipc tail and winipc dump " +
      "print structs";
    throw new Deno.errors.InvalidData(error.message.replace(LAYOUT_REMEDY, remedy));
  }
}

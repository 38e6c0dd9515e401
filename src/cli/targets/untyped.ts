/**
 * Opens rings whose messages have no layout.
 *
 * @module
 */

import { LAYOUT_REMEDY } from "../../struct/description.ts";

/**
 * Opens a ring.
 *
 * @param advice What to do about a layout.
 * @throws {Deno.errors.InvalidData} If its messages have a layout, with advice for users of winipc.
 */
export function openUntyped<T>(open: () => T, advice: string): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    throw new Deno.errors.InvalidData(error.message.replace(LAYOUT_REMEDY, advice));
  }
}

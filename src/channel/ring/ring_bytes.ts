/**
 * The bytes of a ring that scripts get, to write and to read messages where they stand.
 *
 * @module
 */

import { labelOf } from "../end/labels.ts";

/**
 * Gives the bytes of a ring, unless a script has transferred their buffer away.
 *
 * @throws {Deno.errors.Busy} If it has: what is written to them is lost, and nothing can be read.
 */
export function assertNotTransferred(ring: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (ring.length > 0) return ring;
  throw new Deno.errors.Busy(
    `Cannot use the ring of the ${labelOf(ring.buffer)} in place: its ArrayBuffer was ` +
      "transferred away. Transfer a copy instead (bytes.slice())",
  );
}

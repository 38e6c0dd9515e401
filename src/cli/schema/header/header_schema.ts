/**
 * Reads the layout of a struct in a C header.
 *
 * @module
 */

import type { Schema } from "../schema.ts";

/** Returns the schema of a struct in a C header. */
export function headerSchema(_text: string, _struct?: string): Schema {
  throw new Deno.errors.InvalidData("C headers cannot be read yet");
}

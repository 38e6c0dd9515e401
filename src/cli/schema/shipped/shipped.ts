/**
 * A schema that ships with this library, and the names of the memory that it describes.
 *
 * @module
 */

import type { Schema } from "../schema.ts";

/** A program's memory, and how to read it. */
export interface Shipped {
  /** The names of the memory, without `Local\` and `Global\`. */
  readonly names: readonly string[];
  /** Whether some programs append their process id to the name: as dedicated servers do. */
  readonly hasProcessId?: true;
  readonly schema: Schema;
}

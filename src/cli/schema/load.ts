/**
 * Finds the schema for a section, a message or a value.
 *
 * @module
 */

import { descriptionSchema } from "./layout_schema.ts";
import { parseDescription } from "../../struct/description.ts";
import type { Schema } from "./schema.ts";

/**
 * Reads a schema from a JSON description or a C header.
 *
 * @param path The file. A name that ends with `.json` is JSON; other files are C headers.
 * @param struct The name of the struct in a header that has several.
 * @throws {Deno.errors.NotFound} If the file does not exist.
 * @throws {Deno.errors.InvalidData} If the file describes no layout. The message names the line.
 */
export function readSchema(path: string, struct?: string): Promise<Schema> {
  throw new Deno.errors.NotSupported(`Cannot read ${path} ${struct}: not there yet`);
}

/** Returns the schema that ships with this library for an object's full name: `Local\MumbleLink`. */
export function shippedSchemaOf(_name: string): Schema | undefined {
  return undefined;
}

/**
 * Returns the schema for the description of a typed ring: the text that the memory holds.
 *
 * @throws {Deno.errors.InvalidData} If the text is not a description of a layout.
 */
export function schemaOfDescription(signature: string): Schema {
  const description = parseDescription(signature);
  if (description !== undefined) return descriptionSchema("the layout", description);
  throw new Deno.errors.InvalidData(
    "The description of the layout is invalid: it is not a text that struct(), union() or " +
      "tagged() make",
  );
}

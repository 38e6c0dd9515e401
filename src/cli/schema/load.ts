/**
 * Finds the schema for a section, a message or a value.
 *
 * @module
 */

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

/** Returns the schema for the description of a typed ring: the text that the memory holds. */
export function schemaOfDescription(_signature: string): Schema {
  throw new Deno.errors.NotSupported("not there yet");
}

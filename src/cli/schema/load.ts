/**
 * Finds the schema for a section, a message or a value.
 *
 * @module
 */

import { openToRead } from "../input/file.ts";
import { descriptionSchema } from "./layout_schema.ts";
import { findShipped } from "./shipped/mod.ts";
import { headerSchema } from "./header/header_schema.ts";
import { jsonSchema } from "./json_schema.ts";
import { parseDescription } from "../../struct/description.ts";
import type { Schema } from "./schema.ts";
import { show } from "../../../ffi/arguments.ts";
import { UsageError } from "../command_line/failure.ts";

/** Maximum length of a file, in bytes. The largest headers of known programs have 100 KiB. */
export const MAX_FILE_LENGTH: number = 2 ** 20;

/**
 * Reads a schema from a JSON description or a C header.
 *
 * @param path The file. A name that ends with `.json` is JSON; other files are C headers.
 * @param struct The name of the struct in a header that has several.
 * @throws {Deno.errors.NotFound} If the file does not exist.
 * @throws {Deno.errors.InvalidData} If the file describes no layout. The message names the line.
 */
export async function readSchema(path: string, struct?: string): Promise<Schema> {
  const text = await readText(path);
  const isJson = path.toLowerCase().endsWith(".json");
  try {
    if (!isJson) return headerSchema(text, struct);
    if (struct === undefined) return jsonSchema(text);
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    throw new Deno.errors.InvalidData(`Cannot read the schema ${path}: ${error.message}`, {
      cause: error,
    });
  }
  throw new UsageError(`Expected no --struct with a JSON description, got ${show(struct)}`);
}

async function readText(path: string): Promise<string> {
  using file = await openToRead(path, `the schema ${path}`);
  // A file is read no further than one byte after the limit.
  const bytes = await readUpTo(file, MAX_FILE_LENGTH + 1);
  if (bytes.length > MAX_FILE_LENGTH) {
    throw new Deno.errors.InvalidData(
      `Cannot read the schema ${path}: it has more than ${MAX_FILE_LENGTH} bytes`,
    );
  }
  // Headers are often in a code page of Windows. Only their comments have other characters.
  return new TextDecoder().decode(bytes);
}

async function readUpTo(file: Deno.FsFile, most: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(most);
  let length = 0;
  while (length < most) {
    const read = await file.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** Returns the schema that ships with this library for an object's full name: `Local\MumbleLink`. */
export function shippedSchemaOf(name: string): Schema | undefined {
  return findShipped(name);
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

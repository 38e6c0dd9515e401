/**
 * Chooses the schema for a section: the file of the option `--schema`, or a schema that ships with
 * this library.
 *
 * @module
 */

import { readSchema, shippedSchemaOf } from "./load.ts";
import type { Schema } from "./schema.ts";
import { UsageError } from "../command_line/failure.ts";

/** The options of a subcommand that reads fields. */
export interface SchemaOptions {
  readonly schema: string | undefined;
  readonly struct: string | undefined;
}

/** Reads the schema of the option `--schema`. Returns `undefined` without the option. */
export async function givenSchema({ schema, struct }: SchemaOptions): Promise<Schema | undefined> {
  if (schema !== undefined) return await readSchema(schema, struct);
  if (struct === undefined) return undefined;
  throw new UsageError("Expected --schema with --struct: it names the C header with the struct");
}

/**
 * Returns the given schema, or the schema that ships for the section's name.
 *
 * @param name The full name of the section.
 */
export function schemaFor(given: Schema | undefined, name: string): Schema | undefined {
  return given ?? shippedSchemaOf(name);
}

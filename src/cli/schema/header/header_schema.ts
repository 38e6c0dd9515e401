/**
 * Makes a schema from a struct in a C header.
 *
 * @module
 */

import type { CTypeInfo } from "./type.ts";
import { descriptionSchema } from "../layout_schema.ts";
import { type Entry, HeaderNames } from "./entry.ts";
import { hintFor, show } from "../../../../ffi/arguments.ts";
import { Parser } from "./parser.ts";
import { preprocess } from "./preprocess.ts";
import { PRELUDE } from "./type.ts";
import type { Schema } from "../schema.ts";

/**
 * Returns the schema of a struct in a C header, with the layout of Microsoft's compiler for x64.
 *
 * @param text The header. Structs that cannot be read are mistakes only if they are needed.
 * @param struct The name of the struct. Without it, the one struct that no other struct contains.
 * @throws {Deno.errors.InvalidData} If there is no such struct, or the struct cannot be read. The
 *   message has the line.
 */
export function headerSchema(text: string, struct?: string): Schema {
  const names = new HeaderNames();
  new Parser(preprocess(PRELUDE), names).run();
  const known = names.records.length;
  new Parser(preprocess(text), names).run();
  const records = names.records.slice(known).filter(({ name }) => name !== "");
  const all = records.map(({ name }) => name);
  const name = struct ?? onlyOne(records.filter(({ isUsed }) => !isUsed).map(({ name }) => name));
  const entry = names.find(name);
  if (entry?.record === undefined) {
    throw new Deno.errors.InvalidData(
      `There is no struct ${show(name)}: ${hintFor("structs", name, all)}`,
    );
  }
  return descriptionSchema(name, typeOf(entry).description);
}

function onlyOne(names: readonly string[]): string {
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  throw new Deno.errors.InvalidData(
    name === undefined
      ? "There is no struct with a name"
      : `There are several structs: choose one of them by --struct: ${names.join(", ")}`,
  );
}

function typeOf({ type }: Entry): CTypeInfo {
  if (type instanceof Deno.errors.InvalidData) throw type;
  return type;
}

/**
 * `winipc dump`: prints the bytes or the fields of a section.
 *
 * @module
 */

import { bold } from "@std/fmt/colors";
import { alignColumns } from "./printing/columns.ts";
import { columnsOf, FIELD_HEADINGS, rowsOf } from "./printing/field_rows.ts";
import { escapeText } from "./printing/escape.ts";
import { givenSchema, schemaFor } from "./schema/choose.ts";
import { HexLines } from "./printing/hex.ts";
import type { Invocation } from "./command_line/command.ts";
import type { Output } from "./printing/output.ts";
import { pause } from "./waiting/pause.ts";
import type { Schema } from "./schema/schema.ts";
import { Section, type SectionPart } from "./memory/section.ts";
import type { SpecOf } from "./commands.ts";
import { toJson } from "./printing/json.ts";
import { UsageError } from "./command_line/failure.ts";
import { copyWhole } from "./memory/whole_copy.ts";

/** The number of bytes that are printed in hexadecimal without `--length`. */
export const HEX_LENGTH = 256;
/** Maximum number of bytes that a schema reads, or that become JSON, unless `--length` is given. */
export const MAX_COPY = 2 ** 26;
/** The number of bytes that are copied and printed at a time: a multiple of a line. */
const PIECE = 2 ** 16;

/** Runs `winipc dump`. */
export async function run(
  { args, options, output, signal }: Invocation<SpecOf<"dump">>,
): Promise<void> {
  const given = await givenSchema(options);
  using section = new Section(args.name);
  const schema = schemaFor(given, section.name);
  const format = options.format ?? (schema === undefined ? "hex" : "table");
  if (format === "table" && schema === undefined) {
    throw new UsageError(
      `Expected --schema with --format table: no schema ships for ${section.label}`,
    );
  }
  if (format === "hex") {
    // A schema that only ships does not shorten the bytes that the user asks for.
    const part = section.part(options, given?.byteLength ?? HEX_LENGTH);
    await printHex(section, part, output, signal);
  } else if (format === "raw") {
    await printRaw(section, section.part(options, section.byteLength), output, signal);
  } else {
    const part = section.part(options, MAX_COPY);
    if (schema === undefined) printBytes(section, part, output);
    else await printFields(section, part, schema, format, output, signal);
  }
}

async function printFields(
  section: Section,
  part: SectionPart,
  schema: Schema,
  format: "table" | "json",
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { bytes, isWhole } = await copyWhole(section, part, schema, signal);
  if (format === "json") {
    const { name, byteLength } = section;
    const { at, length } = part;
    const value = schema.toObject(bytes);
    output.line(toJson({ name, byteLength, at, length, schema: schema.name, isWhole, value }, 2));
  } else {
    const rows = rowsOf(schema.fields(bytes)).map((row) => columnsOf(row, part.at));
    const [headings = "", ...lines] = alignColumns([[...FIELD_HEADINGS], ...rows], [0]);
    output.line(bold(headings));
    for (const line of lines) output.line(line);
  }
  if (!isWhole) {
    output.note(
      `The copy of ${section.label} may be torn: its program was writing at each attempt ` +
        `(${escapeText(schema.name)})`,
    );
  }
}

/** Prints bytes without a schema as JSON. */
function printBytes(section: Section, part: SectionPart, output: Output): void {
  const { name, byteLength } = section;
  output.line(toJson({ name, byteLength, ...part, bytes: section.copy(part) }, 2));
}

async function printHex(
  section: Section,
  part: SectionPart,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const lines = new HexLines();
  for await (const { at, bytes } of piecesOf(section, part, signal)) {
    for (const line of lines.piece(bytes, at)) output.line(line);
  }
  output.line(lines.end(part.at + part.length));
  const left = section.byteLength - part.at - part.length;
  if (left > 0) {
    output.note(
      `${left} of the ${section.byteLength} bytes of ${section.label} follow: --length prints more`,
    );
  }
}

async function printRaw(
  section: Section,
  part: SectionPart,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  for await (const { bytes } of piecesOf(section, part, signal)) output.writeBytes(bytes);
}

/** Copies a part piece by piece, and lets Ctrl-C and a closed output end it. */
async function* piecesOf(
  section: Section,
  { at, length }: SectionPart,
  signal: AbortSignal,
): AsyncGenerator<{ at: number; bytes: Uint8Array<ArrayBuffer> }> {
  const end = at + length;
  for (let start = at; start < end; start += PIECE) {
    if (start > at) await pause(0, signal);
    const bytes = section.copy({ at: start, length: Math.min(PIECE, end - start) });
    yield { at: start, bytes };
  }
}

/**
 * Fields that are looked at again and again.
 *
 * @module
 */

import { bold, yellow } from "@std/fmt/colors";
import { alignColumns } from "../printing/columns.ts";
import { columnsOf, FIELD_HEADINGS, type FieldRow, rowsOf } from "../printing/field_rows.ts";
import { chooseRows, isFresh, type Watched } from "./watched.ts";
import type { Field, FieldValue, Schema } from "../schema/schema.ts";

/** A field's last value, and the time of its last change. */
interface Seen {
  readonly value: FieldValue;
  readonly changedAt: number;
}

/** The fields of a schema, and their changes. */
export class WatchedFields implements Watched {
  readonly #schema: Schema;
  readonly #at: number;
  #fields: readonly Field[] = [];
  #seen: ReadonlyMap<string, Seen> | undefined;

  /** @param at The offset of the schema's first byte in the section. */
  constructor(schema: Schema, at: number) {
    this.#schema = schema;
    this.#at = at;
  }

  update(bytes: Uint8Array<ArrayBuffer>, now: number): object | undefined {
    const fields = this.#schema.fields(bytes);
    const before = this.#seen;
    const seen = new Map<string, Seen>();
    const changed: [string, FieldValue][] = [];
    for (const { path, value } of fields) {
      const old = before?.get(path);
      if (old !== undefined && isSame(old.value, value)) seen.set(path, old);
      else {
        changed.push([path, value]);
        seen.set(path, { value, changedAt: before === undefined ? -Infinity : now });
      }
    }
    const gone = [...before?.keys() ?? []].filter((path) => !seen.has(path));
    this.#fields = fields;
    this.#seen = seen;
    if (before !== undefined && changed.length === 0 && gone.length === 0) return undefined;
    return { fields: Object.fromEntries(changed), ...(gone.length > 0 ? { gone } : {}) };
  }

  picture(now: number, room: number): string[] {
    const rows = chooseRows(rowsOf(this.#fields), (row) => this.#changedAt(row.fields), room - 1);
    const table = rows.map((row) => this.#columnsOf(row, now));
    const [headings = "", ...lines] = alignColumns([["", ...FIELD_HEADINGS], ...table], [1]);
    return [bold(headings), ...lines];
  }

  #columnsOf(row: FieldRow, now: number): string[] {
    const isRecent = (fields: readonly Field[]) => isFresh(this.#changedAt(fields), now);
    // The star shows a change also without colours.
    const star = isRecent(row.fields) ? yellow("*") : " ";
    const mark = (text: string, fields: readonly Field[]) =>
      isRecent(fields) ? bold(yellow(text)) : text;
    return [star, ...columnsOf(row, this.#at, mark)];
  }

  #changedAt(fields: readonly Field[]): number {
    return fields.reduce(
      (last, { path }) => Math.max(last, this.#seen?.get(path)?.changedAt ?? -Infinity),
      -Infinity,
    );
  }
}

function isSame(a: FieldValue, b: FieldValue): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array
    ? a.length === b.length && a.every((byte, at) => byte === b[at])
    : Object.is(a, b);
}

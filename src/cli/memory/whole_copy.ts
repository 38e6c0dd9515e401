/**
 * Copies memory while its program writes, and knows whether the copy is whole.
 *
 * @module
 */

import type { Schema } from "../schema/schema.ts";
import type { Section, SectionPart } from "./section.ts";
import { pause } from "../waiting/pause.ts";

/** Maximum attempts, one per millisecond or more: a program may write all of the time, or be dead. */
const MAX_ATTEMPTS = 32;

/** A copy of a part of a section. */
export interface Copy {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the program wrote nothing during the copy, as far as the memory's rules tell. */
  readonly isWhole: boolean;
}

/**
 * Copies a part, again if the schema says that the copy is not whole.
 *
 * @param schema The rules; `undefined` for none.
 */
export async function copyWhole(
  section: Section,
  part: SectionPart,
  schema: Schema | undefined,
  signal: AbortSignal,
): Promise<Copy> {
  for (let attempt = 1;; attempt++) {
    const bytes = section.copy(part);
    if (schema?.isWhole === undefined) return { bytes, isWhole: true };
    const isWhole = schema.isWhole(bytes, section.copy(part));
    if (isWhole || attempt === MAX_ATTEMPTS) return { bytes, isWhole };
    await pause(1, signal);
  }
}

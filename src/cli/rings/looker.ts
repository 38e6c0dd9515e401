/**
 * Looks at all rings and values of the session. A section is open only during the look, so that no
 * name stays taken between two looks.
 *
 * @module
 */

import type { ListedObject } from "../objects/object.ts";
import { listNamed } from "../objects/raw.ts";
import { SectionReader } from "../objects/sections.ts";

/** Number of sections to look at before other tasks of the process run. */
const SECTIONS_AT_ONCE = 100;

/** The rings and values of a look, by their full names. */
export type FoundRings = ReadonlyMap<string, ListedObject>;

/** Looks at rings and values again and again. */
export class RingLooker {
  readonly #matches: (name: string) => boolean;
  readonly #onDenied: (error: Error) => void;
  /** Sections that were plain memory in two looks. A new ring is plain memory for a moment. */
  #plain = new Map<string, number>();
  #denied = new Set<string>();

  /**
   * @param matches Returns whether a name is of interest.
   * @param onDenied Is called once for each directory that this user is not allowed to list.
   */
  constructor(matches: (name: string) => boolean, onDenied: (error: Error) => void) {
    this.#matches = matches;
    this.#onDenied = onDenied;
  }

  /**
   * Looks at all of them now.
   *
   * @throws The reason of the signal.
   */
  async look(signal: AbortSignal): Promise<FoundRings> {
    const found = new Map<string, ListedObject>();
    const reader = new SectionReader();
    const plain = new Map<string, number>();
    let count = 0;
    for (const raw of listNamed((error) => this.#note(error))) {
      if (raw.kind !== "section" || !this.#matches(raw.name)) continue;
      const seen = this.#plain.get(raw.full) ?? 0;
      if (seen < 2) {
        if (++count % SECTIONS_AT_ONCE === 0) await turn(signal);
        const object = reader.read(raw);
        if (object !== undefined && object.kind !== "section") {
          found.set(raw.full, object);
          continue;
        }
      }
      plain.set(raw.full, seen + 1);
    }
    // Names that are gone are forgotten: a ring can take them.
    this.#plain = plain;
    return found;
  }

  #note(error: Error): void {
    if (this.#denied.has(error.message)) return;
    this.#denied.add(error.message);
    this.#onDenied(error);
  }
}

async function turn(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve));
  signal.throwIfAborted();
}

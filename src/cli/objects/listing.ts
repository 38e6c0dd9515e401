/**
 * Lists objects of all kinds, and finds out what each section is.
 *
 * @module
 */

import { isWine } from "../../../ffi/win32/ntdll.ts";
import { KINDS } from "./kinds.ts";
import type { Kind, ListedObject } from "./object.ts";
import { Parents, possibleParent } from "./parts.ts";
import { listNamed, listPipes, NAMED_KINDS, type RawObject } from "./raw.ts";
import { SectionReader } from "./sections.ts";
import { listedWindows } from "./windows.ts";

/** The objects to list. */
export interface Filter {
  /** @default all kinds */
  readonly kind?: Kind | undefined;
  /** Returns whether an object with a name is listed. @default all names */
  readonly matches?: ((name: string) => boolean) | undefined;
}

/** A list of objects. */
export interface Listing {
  readonly objects: readonly ListedObject[];
  /** What could not be listed, and why. */
  readonly notes: readonly string[];
}

/** The kinds that are kinds of sections. */
export const SECTION_KINDS: readonly Kind[] = ["section", "ring", "broadcast", "latest", "frame"];
/** Number of sections to look at before other tasks of the process run. */
const SECTIONS_AT_ONCE = 100;

/** Options of {@linkcode Lister.list}. */
export interface ListOptions {
  readonly signal?: AbortSignal;
  /** Is called now and then with the number of sections that were looked at. */
  readonly progress?: (done: number, all: number) => void;
}

/** Lists objects, once or again and again. */
export class Lister {
  readonly #filter: Filter;
  /** The sections of the last list. */
  #sections = new Map<string, ListedObject>();
  /** Sections that were plain memory twice. A ring is plain memory until its header is complete. */
  #plain = new Set<string>();

  constructor(filter: Filter = {}) {
    this.#filter = filter;
  }

  /** Lists the objects, by kind and then by name. */
  async list(options: ListOptions = {}): Promise<Listing> {
    const notes: string[] = [];
    const named = this.#wants(NAMED_KINDS) || this.#wants(SECTION_KINDS)
      ? listNamed((error) => notes.push(error.message))
      : [];
    const parents = await this.#readSections(named, options);
    const objects = [
      ...this.#listNamed(named, parents),
      ...this.#listDevices(notes),
      ...(this.#wants(["window"]) ? listedWindows() : []),
    ].filter((object) => this.#isListed(object));
    return { objects: objects.sort(byKindAndName), notes };
  }

  #wants(kinds: readonly Kind[]): boolean {
    return this.#filter.kind === undefined || kinds.includes(this.#filter.kind);
  }

  #matches(name: string): boolean {
    const { matches } = this.#filter;
    return matches === undefined || matches(name) || matches(name.replace(/^Global\\/, ""));
  }

  #isListed({ kind, name }: ListedObject): boolean {
    return this.#wants([kind]) && this.#matches(name);
  }

  /** Looks at the sections that are listed, and at those that listed objects may be parts of. */
  async #readSections(named: readonly RawObject[], options: ListOptions): Promise<Parents> {
    const needed = this.#neededSections(named);
    const reader = new SectionReader();
    const [before, parents, plain] = [this.#sections, new Parents(), new Set<string>()];
    this.#sections = new Map();
    for (const [index, raw] of needed.entries()) {
      if (index % SECTIONS_AT_ONCE === SECTIONS_AT_ONCE - 1) {
        options.progress?.(index, needed.length);
        await new Promise((resolve) => setTimeout(resolve));
        options.signal?.throwIfAborted();
      }
      const known = before.get(raw.full);
      const found = this.#plain.has(raw.full) ? known : reader.read(raw);
      if (found === undefined) continue;
      this.#sections.set(raw.full, found);
      parents.add(raw.full, found);
      if (found.kind === "section" && known?.kind === "section") plain.add(raw.full);
    }
    this.#plain = plain;
    return parents;
  }

  #neededSections(named: readonly RawObject[]): RawObject[] {
    const sections = named.filter(({ kind }) => kind === "section");
    const isListed = ({ name }: RawObject) => this.#wants(SECTION_KINDS) && this.#matches(name);
    const parents = new Set(
      named.filter(({ kind, name }) =>
        kind !== "section" && this.#wants([kind]) && this.#matches(name)
      )
        .map(possibleParent),
    );
    // Only the memory of a broadcast ring tells the names of its events.
    const hasWakeEvent = [...parents].some((full) => /\\winipc\.[0-9a-f]{32}$/.test(full ?? ""));
    return sections.filter((raw) => hasWakeEvent || isListed(raw) || parents.has(raw.full));
  }

  *#listNamed(named: readonly RawObject[], parents: Parents): Generator<ListedObject> {
    for (const raw of named) {
      if (raw.kind !== "section") {
        const of = parents.parentOf(raw);
        yield of === undefined
          ? { kind: raw.kind, name: raw.name }
          : { kind: raw.kind, name: raw.name, of };
        continue;
      }
      const section = this.#sections.get(raw.full);
      if (section !== undefined) yield section;
    }
  }

  #listDevices(notes: string[]): ListedObject[] {
    const kinds = (["pipe", "mailslot"] as const).filter((kind) => this.#wants([kind]));
    const unlisted: string[] = [];
    const found = kinds.flatMap((kind) => {
      const names = listPipes(kind);
      if (names === undefined) unlisted.push(`${kind}s`);
      return (names ?? []).map(({ name }) => ({ kind, name }));
    });
    if (unlisted.length > 0) {
      notes.push(`${isWine() ? "Wine" : "Windows"} does not list ${unlisted.join(" and ")}`);
    }
    return found;
  }
}

function byKindAndName(a: ListedObject, b: ListedObject): number {
  const kinds = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
  return kinds || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

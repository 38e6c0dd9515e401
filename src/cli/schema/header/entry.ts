/**
 * The names of a header: its types and its constants.
 *
 * @module
 */

import { COMBINED_WORDS, type CTypeInfo, KNOWN_TYPES, REFUSED_TYPES } from "./type.ts";
import { mistake } from "./token.ts";
import { show } from "../../../../ffi/arguments.ts";

/** A struct or a union of the header. */
export interface FoundRecord {
  /** The name in lists: that of a `typedef`, or the tag; "" for a struct without a name. */
  name: string;
  /** Whether another struct has a field of this type. */
  isUsed: boolean;
}

/** A type by its name. A type that cannot be read is an error until a field needs it. */
export interface Entry {
  readonly type: CTypeInfo | Deno.errors.InvalidData;
  readonly record?: FoundRecord;
}

/** What a `typedef` names: a type, or the tag of a struct that may be defined later. */
type Named = Entry | { readonly tag: string };

/** The names that a header has defined so far. */
export class HeaderNames {
  readonly #types = new Map<string, Named>();
  /** The structs, unions and enums by their tags. */
  readonly #tags = new Map<string, Entry>();
  readonly #constants = new Map<string, bigint>();
  readonly records: FoundRecord[] = [];

  setType(name: string, named: Named): void {
    this.#types.set(name, named);
  }

  setTag(tag: string, entry: Entry): void {
    this.#tags.set(tag, entry);
  }

  setConstant(name: string, value: bigint): void {
    this.#constants.set(name, value);
  }

  constant(name: string): bigint | undefined {
    return this.#constants.get(name);
  }

  /** Returns the type of `struct X`; `undefined` until it is defined. */
  tag(tag: string): Entry | undefined {
    return this.#tags.get(tag);
  }

  /** Returns the type that a word names; `undefined` if there is none. */
  find(name: string): Entry | undefined {
    const named = this.#types.get(name);
    if (named !== undefined) return "tag" in named ? this.#tags.get(named.tag) : named;
    const type = KNOWN_TYPES.get(name);
    // In C++, a tag is the name of a type.
    return type === undefined ? this.#tags.get(name) : { type };
  }

  /** Returns whether a word begins a type. */
  isType(name: string): boolean {
    return COMBINED_WORDS.has(name) || REFUSED_TYPES.has(name) || this.find(name) !== undefined;
  }

  /** Returns the type that a word names, or an error that says what to do. */
  resolve(name: string, line: number): Entry {
    const found = this.find(name);
    if (found !== undefined) return found;
    const reason = REFUSED_TYPES.get(name);
    if (reason !== undefined) {
      return { type: mistake(line, `Cannot read a field of type ${name}: ${reason}`) };
    }
    return {
      type: mistake(
        line,
        `There is no type ${show(name)} before this line. winipc does not follow #include, and ` +
          "does not expand macros with parameters",
      ),
    };
  }
}

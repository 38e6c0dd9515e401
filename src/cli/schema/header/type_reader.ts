/**
 * Reads the types of declarations in a C header: the words before a name, structs, unions and enums
 * with their bodies, and the stars and lengths of a name.
 *
 * @module
 */

import { arrayEntry, enumType, typeOf, unfinished, use } from "./entry_type.ts";
import { COMBINED_WORDS, combinedType, scalar } from "./type.ts";
import { skipAttribute } from "./attribute.ts";
import { DEFAULT_PACK } from "./preprocess.ts";
import type { Entry, FoundRecord, HeaderNames } from "./entry.ts";
import { expressionOf, type Names } from "./expression.ts";
import { MAX_BYTES } from "../../../struct/scalar.ts";
import { type Member, placeMembers } from "./place.ts";
import { mistake } from "./token.ts";
import type { Reader } from "./reader.ts";
import { show } from "../../../../ffi/arguments.ts";

/** Maximum number of structs within each other. */
export const MAX_DEPTH = 64;

const QUALIFIERS: ReadonlySet<string> = new Set(
  `const volatile static inline extern register mutable constexpr typename CONST VOLATILE FAR NEAR
  __unaligned UNALIGNED __restrict restrict`.split(/\s+/),
);

/** The words that begin a declaration of C++ without a field. */
export const NO_FIELD: ReadonlySet<string> = new Set(
  "friend using template explicit operator static_assert _Static_assert".split(" "),
);

/** A declared name with its type. */
export interface Declarator {
  readonly name: string | undefined;
  readonly entry: Entry;
  readonly isEmpty: boolean;
  readonly isFunction: boolean;
  readonly line: number;
}

/** Reads types, and collects the names that they define. */
export class TypeReader {
  /** The names that expressions can use. */
  readonly constants: Names = {
    valueOf: (name) => this.#names.constant(name),
    sizeOf: () => this.#sizeOfType(),
    isType: () => this.#skipType(),
  };
  readonly #reader: Reader;
  readonly #names: HeaderNames;
  readonly #declaration: () => void;
  #depth = 0;

  /** @param declaration Reads a declaration within a struct that has no field, such as a typedef. */
  constructor(reader: Reader, names: HeaderNames, declaration: () => void) {
    this.#reader = reader;
    this.#names = names;
    this.#declaration = declaration;
  }

  /** Reads the type at the beginning of a declaration. */
  specifiers(): Entry {
    const reader = this.#reader;
    if (this.#depth > MAX_DEPTH) {
      throw mistake(reader.line, `There are more than ${MAX_DEPTH} types within each other`);
    }
    const words: string[] = [];
    const { line } = reader;
    let entry: Entry | undefined;
    for (;;) {
      const token = reader.peek();
      if (skipAttribute(reader)) continue;
      if (token?.kind !== "word") break;
      const { text } = token;
      if (QUALIFIERS.has(text)) reader.at++;
      else if (text === "std" && reader.peek(1)?.text === "::") reader.at += 2;
      else if (COMBINED_WORDS.has(text) && entry === undefined) {
        words.push(text);
        reader.at++;
      } else if (words.length > 0 || entry !== undefined) break;
      else if (text === "struct" || text === "union" || text === "class") entry = this.#record();
      else if (text === "enum") entry = this.#enum();
      else {
        reader.at++;
        entry = this.#names.resolve(text, line);
      }
    }
    if (entry !== undefined) return entry;
    if (words.length === 0) {
      throw mistake(line, `Expected a type, got ${show(reader.peek()?.text)}`);
    }
    const type = combinedType(words);
    return { type: type ?? mistake(line, `Cannot read a field of type ${words.join(" ")}`) };
  }

  /** Reads a struct or a union: its tag, its body, or both. */
  #record(): Entry {
    const reader = this.#reader;
    const keyword = reader.word("struct") === "union" ? "union" : "struct";
    const { line } = reader;
    let isPacked = false;
    let refusal: Deno.errors.InvalidData | undefined;
    const pack = () => void (isPacked = true);
    const refuse = (error: Deno.errors.InvalidData) => void (refusal ??= error);
    while (skipAttribute(reader, pack, refuse));
    const tag = reader.peek()?.kind === "word" ? reader.word("a name") : "";
    reader.skip("final");
    if (reader.isAt(":")) {
      refuse(mistake(line, "Cannot read a struct that is derived from another one"));
      while (!reader.isAtEnd && !reader.isAt("{") && !reader.isAt(";")) reader.at++;
    }
    if (!reader.isAt("{")) return this.#names.tag(tag) ?? unfinished(tag, line);
    const start = reader.at;
    reader.skipBrackets();
    while (skipAttribute(reader, pack, refuse));
    const end = reader.at;
    reader.at = start;
    const record: FoundRecord = { name: tag, isUsed: false };
    this.#names.records.push(record);
    const maximum = isPacked ? 1 : reader.peek()?.pack ?? DEFAULT_PACK;
    const entry: Entry = { type: refusal ?? this.#body(keyword, tag, maximum), record };
    reader.at = end;
    if (tag !== "") this.#names.setTag(tag, entry);
    return entry;
  }

  /** Reads the members between braces. A mistake becomes an error for those who need the struct. */
  #body(
    keyword: "struct" | "union",
    tag: string,
    pack: number,
  ): Entry["type"] {
    const reader = this.#reader;
    const { line } = reader;
    this.#depth++;
    try {
      if (this.#depth > MAX_DEPTH) {
        throw mistake(line, `There are more than ${MAX_DEPTH} structs within each other`);
      }
      reader.expect("{");
      const members: Member[] = [];
      while (!reader.skip("}")) members.push(...this.#members(tag));
      return placeMembers(keyword, members, pack, line);
    } catch (error) {
      if (error instanceof Deno.errors.InvalidData) return error;
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Reads one declaration within a struct. */
  #members(tag: string): Member[] {
    const reader = this.#reader;
    const { line } = reader;
    const word = reader.peek()?.text ?? "";
    const next = reader.peek(1)?.text;
    if (reader.skip(";")) return [];
    if (["public", "private", "protected"].includes(word) && next === ":") {
      reader.at += 2;
      return [];
    }
    if (word === "virtual") throw mistake(line, "Cannot read a struct with virtual functions");
    if (word === "typedef" || word === "static" || word === "using") {
      this.#declaration();
      return [];
    }
    if (NO_FIELD.has(word) || word === "~" || word !== "" && word === tag && next === "(") {
      reader.skipDeclaration();
      return [];
    }
    const isUntagged = ["struct", "union"].includes(word) && next === "{";
    const entry = this.specifiers();
    if (reader.skip(";")) {
      // A struct with a tag only declares a type, as does an enum.
      if (!isUntagged) return [];
      return [{ name: undefined, type: typeOf(use(entry)), line }];
    }
    const members: Member[] = [];
    do {
      const declarator = this.declarator(entry);
      if (declarator.isFunction) {
        reader.skipDeclaration();
        return members;
      }
      members.push(this.#member(declarator));
      this.#skipInitializer();
    } while (reader.skip(","));
    reader.expect(";");
    return members;
  }

  #member({ name, entry, isEmpty, line }: Declarator): Member {
    const reader = this.#reader;
    const type = typeOf(use(entry));
    if (!reader.skip(":")) {
      if (name !== undefined) return { name, type, isEmpty, line };
      throw mistake(line, `Expected a name, got ${show(reader.peek()?.text)}`);
    }
    const { unit } = type;
    const width = Number(expressionOf(reader, this.constants));
    const most = type.byteLength * 8;
    if (unit === undefined || type.description.lengths.length > 0) {
      throw mistake(line, "Expected the type of a bit field to be an integer");
    }
    if (width < 0 || width > most || width === 0 && name !== undefined) {
      throw mistake(line, `Expected a bit field of 1 to ${most} bits, got ${width}`);
    }
    return { name, type, bits: { unit, width }, line };
  }

  /** Skips `= 0` or `{}` after the name of a member. */
  #skipInitializer(): void {
    const reader = this.#reader;
    if (reader.isAt("{")) reader.skipBrackets();
    if (!reader.skip("=")) return;
    while (!reader.isAtEnd && !reader.isAt(",") && !reader.isAt(";")) {
      if (["(", "[", "{"].includes(reader.peek()?.text ?? "")) reader.skipBrackets();
      else reader.at++;
    }
  }

  /** Reads the name of a declaration, with its stars and lengths. */
  declarator(entry: Entry): Declarator {
    const reader = this.#reader;
    const { line } = reader;
    let pointer: Deno.errors.InvalidData | undefined;
    while (QUALIFIERS.has(reader.peek()?.text ?? "") || reader.isAt("*") || reader.isAt("&")) {
      if (!QUALIFIERS.has(reader.next("a name").text)) {
        pointer = mistake(
          line,
          "Cannot read a pointer, which has no meaning in another process: use uint32_t for a " +
            "32-bit program, uint64_t for a 64-bit one",
        );
      }
    }
    while (skipAttribute(reader));
    if (reader.isAt("(")) throw mistake(line, "Cannot read a pointer to a function or an array");
    const name = reader.peek()?.kind === "word" ? reader.word("a name") : undefined;
    if (reader.isAt("(") || name === "operator") {
      return { name, entry, isEmpty: false, isFunction: true, line };
    }
    const { lengths, isEmpty } = this.#lengths();
    const base: Entry = pointer === undefined ? entry : { type: pointer };
    return { name, entry: arrayEntry(base, lengths, line), isEmpty, isFunction: false, line };
  }

  /** Reads `[4][MAX]`. An array without a length has no bytes. */
  #lengths(): { lengths: number[]; isEmpty: boolean } {
    const reader = this.#reader;
    const lengths: number[] = [];
    let isEmpty = false;
    while (reader.isAt("[") && reader.peek(1)?.text !== "[") {
      const { line } = reader;
      reader.expect("[");
      const length = reader.isAt("]") ? 0 : Number(expressionOf(reader, this.constants));
      reader.expect("]");
      if (length < 0 || length > MAX_BYTES) {
        throw mistake(line, `Expected a length from 1 to ${MAX_BYTES}, got ${length}`);
      }
      if (length === 0) isEmpty = true;
      lengths.push(Math.max(length, 1));
    }
    return { lengths, isEmpty };
  }

  /** Reads an enum: its tag, its constants, or both. */
  #enum(): Entry {
    const reader = this.#reader;
    reader.expect("enum");
    if (!reader.skip("class")) reader.skip("struct");
    const tag = reader.peek()?.kind === "word" ? reader.word("a name") : "";
    const base = reader.skip(":") ? this.specifiers() : undefined;
    if (!reader.skip("{")) return this.#names.tag(tag) ?? base ?? { type: scalar("i32") };
    let value = 0n;
    let [least, most] = [0n, 0n];
    while (!reader.skip("}")) {
      const name = reader.word("the name of a constant");
      if (reader.skip("=")) value = expressionOf(reader, this.constants);
      this.#names.setConstant(name, value);
      [least, most] = [value < least ? value : least, value > most ? value : most];
      value++;
      if (!reader.isAt("}")) reader.expect(",");
    }
    const entry = base ?? { type: enumType(least, most) };
    if (tag !== "") this.#names.setTag(tag, entry);
    return entry;
  }

  /** Reads a type in brackets, and returns its size. */
  #sizeOfType(): number {
    this.#depth++;
    try {
      const { entry } = this.declarator(this.specifiers());
      return typeOf(entry).byteLength;
    } finally {
      this.#depth--;
    }
  }

  /** Reads the type of a cast. */
  #skipType(): boolean {
    const text = this.#reader.peek()?.text ?? "";
    if (!this.#names.isType(text) && !QUALIFIERS.has(text)) return false;
    this.specifiers();
    return true;
  }
}

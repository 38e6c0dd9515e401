/**
 * Reads the declarations of a C header: structs, unions, enums, typedefs and constants. Functions
 * and variables are skipped.
 *
 * @module
 */

import type { Entry, HeaderNames } from "./entry.ts";
import { expressionOf } from "./expression.ts";
import { NO_FIELD, TypeReader } from "./type_reader.ts";
import { unfinished } from "./entry_type.ts";
import type { Token } from "./token.ts";
import { Reader } from "./reader.ts";

/** Reads declarations, and collects their names. */
export class Parser {
  readonly names: HeaderNames;
  readonly #reader: Reader;
  readonly #types: TypeReader;

  constructor(tokens: readonly Token[], names: HeaderNames) {
    this.#reader = new Reader(tokens);
    this.names = names;
    this.#types = new TypeReader(this.#reader, names, () => this.#declaration());
  }

  /** Reads all declarations. A declaration that cannot be read is skipped. */
  run(): void {
    const reader = this.#reader;
    while (!reader.isAtEnd) {
      const start = reader.at;
      // The end of a namespace, or of extern "C".
      if (reader.skip(";") || reader.skip("}")) continue;
      if (this.#skipOpening()) continue;
      try {
        this.#declaration();
      } catch (error) {
        if (!(error instanceof Deno.errors.InvalidData)) throw error;
        reader.at = start;
        reader.skipDeclaration();
      }
    }
  }

  /** Skips `extern "C" {` and `namespace x {`, whose declarations count. */
  #skipOpening(): boolean {
    const reader = this.#reader;
    const start = reader.at;
    if (reader.skip("extern") && reader.peek()?.kind === "text") {
      reader.at++;
      reader.skip("{");
      return true;
    }
    reader.at = start;
    reader.skip("inline");
    if (reader.skip("namespace")) {
      while (!reader.isAtEnd && !reader.isAt("{") && !reader.isAt(";")) reader.at++;
      return reader.skip("{") || reader.skip(";");
    }
    reader.at = start;
    return false;
  }

  #declaration(): void {
    const reader = this.#reader;
    if (reader.skip("typedef")) this.#typedef();
    else if (reader.isAt("using") && reader.peek(2)?.text === "=") this.#alias();
    else if (NO_FIELD.has(reader.peek()?.text ?? "")) reader.skipDeclaration();
    else {
      const entry = this.#types.specifiers();
      if (!reader.skip(";")) this.#constant(entry);
    }
  }

  /** Reads the rest of `static const int N = 4;`, or skips another declaration. */
  #constant(entry: Entry): void {
    const reader = this.#reader;
    const { name, isFunction } = this.#types.declarator(entry);
    if (name === undefined || isFunction || !reader.skip("=")) return reader.skipDeclaration();
    const value = expressionOf(reader, this.#types.constants);
    reader.expect(";");
    this.names.setConstant(name, value);
  }

  #typedef(): void {
    const reader = this.#reader;
    const forward = this.#forwardTag();
    const entry = forward === undefined ? this.#types.specifiers() : undefined;
    do {
      const type = entry ?? this.names.tag(forward ?? "") ?? unfinished(forward ?? "", reader.line);
      const { name, entry: named } = this.#types.declarator(type);
      if (name === undefined) continue;
      // The tag can be defined after the typedef.
      if (forward !== undefined && named === type) this.names.setType(name, { tag: forward });
      else this.names.setType(name, named);
      if (named === type && type.record !== undefined) type.record.name = name;
    } while (reader.skip(","));
    reader.expect(";");
  }

  /** Reads `struct X`, if no body follows. Returns the tag. */
  #forwardTag(): string | undefined {
    const reader = this.#reader;
    const keyword = reader.peek()?.text;
    const [tag, next] = [reader.peek(1), reader.peek(2)];
    if (keyword !== "struct" && keyword !== "union" && keyword !== "enum") return undefined;
    if (tag?.kind !== "word" || next === undefined || ["{", ":"].includes(next.text)) {
      return undefined;
    }
    if (next.text.startsWith("__attribute")) return undefined;
    reader.at += 2;
    return tag.text;
  }

  /** Reads `using X = int;`. */
  #alias(): void {
    const reader = this.#reader;
    reader.expect("using");
    const name = reader.word("a name");
    reader.expect("=");
    const { entry } = this.#types.declarator(this.#types.specifiers());
    reader.expect(";");
    this.names.setType(name, entry);
  }
}

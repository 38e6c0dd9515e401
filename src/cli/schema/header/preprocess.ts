/**
 * The directives of a C header: `#define`, `#if` and `#pragma pack`. `#include` is not followed.
 *
 * @module
 */

import { expressionOf } from "./expression.ts";
import { linesOf, MAX_TOKENS, mistake, type Token } from "./token.ts";
import { Reader } from "./reader.ts";
import { show } from "../../../../ffi/arguments.ts";

/** The maximum alignment without `#pragma pack`. */
export const DEFAULT_PACK = 8;
/** Maximum number of macros that expand to each other. */
const MAX_DEPTH = 64;

/** The macros of Microsoft's compiler for x64, in C. */
const PREDEFINED = { _WIN32: 1, _WIN64: 1, _M_X64: 100, _M_AMD64: 100, _MSC_VER: 1940, WIN32: 1 };

/** A branch of `#if`. */
interface Branch {
  readonly line: number;
  /** Whether the lines of this branch count. */
  readonly isActive: boolean;
  /** Whether a later branch can still be chosen. */
  readonly isOpen: boolean;
}

/** Returns the tokens of a header after its directives. */
export function preprocess(source: string): Token[] {
  return new Preprocessor().run(source);
}

class Preprocessor {
  /** The tokens of each macro. Macros with parameters are `undefined`, and are not expanded. */
  readonly #macros = new Map<string, readonly Token[] | undefined>(
    Object.entries(PREDEFINED).map(([name, value]) => [
      name,
      [{ kind: "number", text: String(value), line: 0 }],
    ]),
  );
  readonly #branches: Branch[] = [];
  readonly #packs: { readonly name: string | undefined; readonly pack: number }[] = [];
  #pack = DEFAULT_PACK;
  /** The number of tokens that were looked at, so that macros cannot expand without end. */
  #work = 0;

  run(source: string): Token[] {
    const tokens: Token[] = [];
    for (const line of linesOf(source)) {
      if (line.kind === "directive") this.#directive(new Reader(line.tokens), line.line);
      else if (this.#isActive) {
        for (const token of this.#expand(line.tokens)) tokens.push({ ...token, pack: this.#pack });
      }
    }
    const open = this.#branches.at(-1);
    if (open !== undefined) throw mistake(open.line, "The #if has no #endif");
    return tokens;
  }

  get #isActive(): boolean {
    return this.#branches.every(({ isActive }) => isActive);
  }

  #directive(reader: Reader, line: number): void {
    if (reader.isAtEnd) return;
    const { text: name } = reader.next("a directive");
    switch (name) {
      case "if":
        return this.#open(line, () => this.#condition(reader, line));
      case "ifdef":
        return this.#open(line, () => this.#macros.has(reader.word("a name")));
      case "ifndef":
        return this.#open(line, () => !this.#macros.has(reader.word("a name")));
      case "elif":
        return this.#next(line, () => this.#condition(reader, line));
      case "else":
        return this.#next(line, () => true);
      case "endif":
        this.#close(line);
        return;
    }
    if (!this.#isActive) return;
    if (name === "define") this.#define(reader);
    else if (name === "undef") this.#macros.delete(reader.word("a name"));
    else if (name === "pragma" && reader.skip("pack")) this.#pragmaPack(reader, line);
    else if (name === "include") this.#include(reader);
    else if (name === "error") {
      throw mistake(line, "The header has an #error here: winipc reads it as C for 64-bit Windows");
    }
  }

  #open(line: number, isChosen: () => boolean): void {
    if (this.#branches.length >= MAX_DEPTH) {
      throw mistake(line, `There are more than ${MAX_DEPTH} #if in each other`);
    }
    // The condition of a branch that does not count need not be valid.
    const isActive = this.#isActive && isChosen();
    this.#branches.push({ line, isActive, isOpen: this.#isActive && !isActive });
  }

  #next(line: number, isChosen: () => boolean): void {
    const { isOpen, line: start } = this.#close(line);
    const isActive = isOpen && this.#isActive && isChosen();
    this.#branches.push({ line: start, isActive, isOpen: isOpen && !isActive });
  }

  #close(line: number): Branch {
    const branch = this.#branches.pop();
    if (branch === undefined) throw mistake(line, "There is no #if before");
    return branch;
  }

  #condition(reader: Reader, line: number): boolean {
    const tokens: Token[] = [];
    while (!reader.isAtEnd) {
      const token = reader.next("a condition");
      if (token.text !== "defined") tokens.push(token);
      else {
        const hasBracket = reader.skip("(");
        const text = this.#macros.has(reader.word("a name")) ? "1" : "0";
        if (hasBracket) reader.expect(")");
        tokens.push({ kind: "number", text, line });
      }
    }
    const expanded = new Reader(this.#expand(tokens));
    // Names that are no macros count as 0.
    const value = expressionOf(expanded, { valueOf: () => 0n });
    if (expanded.isAtEnd) return value !== 0n;
    throw mistake(line, `Expected the end of the line, got ${show(expanded.next("").text)}`);
  }

  #define(reader: Reader): void {
    const name = reader.word("a name");
    const body: Token[] = [];
    const hasParameters = reader.isAt("(") && reader.peek()?.hasSpaceBefore === false;
    while (!reader.isAtEnd) body.push(reader.next("a macro"));
    this.#macros.set(name, hasParameters ? undefined : body);
  }

  /** Replaces macros by their tokens, which get the line of the macro's use. */
  #expand(tokens: readonly Token[]): Token[] {
    const expanded: Token[] = [];
    const add = (token: Token, line: number, within: readonly string[]) => {
      if (++this.#work > MAX_TOKENS) throw mistake(line, `Macros make over ${MAX_TOKENS} tokens`);
      const body = token.kind === "word" ? this.#macros.get(token.text) : undefined;
      // C does not expand a macro within itself either.
      if (body === undefined || within.includes(token.text)) expanded.push({ ...token, line });
      else if (within.length >= MAX_DEPTH) {
        throw mistake(line, `More than ${MAX_DEPTH} macros expand to each other`);
      } else for (const inner of body) add(inner, line, [...within, token.text]);
    };
    for (const token of tokens) add(token, token.line, []);
    return expanded;
  }

  /** Reads `(push, 1)`, `(push)`, `(pop)`, `(4)` or `()`, as Microsoft's compiler does. */
  #pragmaPack(reader: Reader, line: number): void {
    reader.expect("(");
    const words: string[] = [];
    while (!reader.skip(")")) {
      if (!reader.skip(",")) {
        words.push(...this.#expand([reader.next("a bracket")]).map(({ text }) => text));
      }
    }
    const [action, ...others] = words;
    const size = words.find((word) => /^\d+$/.test(word));
    const name = others.find((word) => /^[A-Za-z_]/.test(word));
    if (action === "push") this.#packs.push({ name, pack: this.#pack });
    else if (action === "pop") this.#pop(name);
    else if (action === undefined) this.#pack = DEFAULT_PACK;
    else if (action !== size && action !== "show") {
      throw mistake(line, `Cannot read #pragma pack(${words.join(", ")})`);
    }
    if (size !== undefined) this.#pack = packOf(size, line);
  }

  #pop(name: string | undefined): void {
    const found = name === undefined
      ? this.#packs.length - 1
      : this.#packs.findLastIndex((pushed) => pushed.name === name);
    // Microsoft's compiler warns about a pop without a push, and ignores it.
    if (found < 0) return;
    this.#pack = this.#packs[found]!.pack;
    this.#packs.length = found;
  }

  /** Windows has headers whose only purpose is to change the alignment. */
  #include(reader: Reader): void {
    let file = "";
    while (!reader.isAtEnd) file += reader.next("a file").text;
    const size = /pshpack([1248])\.h/i.exec(file)?.[1];
    if (size !== undefined) {
      this.#packs.push({ name: undefined, pack: this.#pack });
      this.#pack = Number(size);
    } else if (/poppack\.h/i.test(file)) this.#pop(undefined);
  }
}

function packOf(text: string, line: number): number {
  const pack = [1, 2, 4, 8, 16].find((size) => String(size) === text);
  if (pack !== undefined) return pack;
  throw mistake(line, `Expected an alignment of 1, 2, 4, 8 or 16, got ${text}`);
}

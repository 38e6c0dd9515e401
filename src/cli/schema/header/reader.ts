/**
 * Reads tokens one after the other.
 *
 * @module
 */

import { show } from "../../../../ffi/arguments.ts";
import { mistake, type Token } from "./token.ts";

/** A place in a list of tokens. */
export class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The index of the next token. */
  get at(): number {
    return this.#at;
  }

  set at(index: number) {
    this.#at = index;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** The line of the next token, or of the last one. */
  get line(): number {
    return (this.#tokens[this.#at] ?? this.#tokens.at(-1))?.line ?? 1;
  }

  /** Returns a token without reading it. */
  peek(ahead: number = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  /** Returns whether the next token has a text. */
  isAt(text: string): boolean {
    const token = this.peek();
    return token?.text === text && token.kind !== "text";
  }

  /** Reads the next token. */
  next(expected: string): Token {
    const token = this.peek();
    if (token === undefined) throw mistake(this.line, `Expected ${expected}, the file ends here`);
    this.#at++;
    return token;
  }

  /** Reads the next token if it has a text. */
  skip(text: string): boolean {
    if (!this.isAt(text)) return false;
    this.#at++;
    return true;
  }

  /** Reads a token that must have a text. */
  expect(text: string): void {
    const { line } = this;
    const token = this.next(show(text));
    if (token.text !== text) throw mistake(line, `Expected ${show(text)}, got ${show(token.text)}`);
  }

  /** Reads a name. */
  word(expected: string): string {
    const { line } = this;
    const token = this.next(expected);
    if (token.kind === "word") return token.text;
    throw mistake(line, `Expected ${expected}, got ${show(token.text)}`);
  }

  /** Skips from an opening bracket to the end of its closing bracket. */
  skipBrackets(): void {
    const { line } = this;
    const open = this.next("a bracket").text;
    let depth = 1;
    while (depth > 0) {
      if (this.isAtEnd) throw mistake(line, `The bracket ${show(open)} has no end`);
      const token = this.next("a bracket");
      if (token.kind !== "mark") continue;
      if ("([{".includes(token.text)) depth++;
      if (")]}".includes(token.text)) depth--;
    }
  }

  /** Skips a declaration: to the end of its semicolon, or of a body in braces. */
  skipDeclaration(): void {
    while (!this.isAtEnd) {
      if (this.isAt("}")) return;
      if (this.isAt("{")) {
        this.skipBrackets();
        // A function has no semicolon, a variable has one.
        if (!this.isAt("=") && !this.isAt(",")) return void this.skip(";");
      } else if (this.isAt("(") || this.isAt("[")) this.skipBrackets();
      else if (this.next("a declaration").text === ";") return;
    }
  }
}

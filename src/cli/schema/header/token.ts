/**
 * Splits a C header into tokens and directives.
 *
 * Each pattern looks at one place only and cannot match in two ways, so the time grows with the
 * length of the text.
 *
 * @module
 */

import { show } from "../../../../ffi/arguments.ts";

/** A word, a number, a text or a mark. */
export interface Token {
  readonly kind: "word" | "number" | "text" | "mark";
  readonly text: string;
  /** The number of the line, from 1. */
  readonly line: number;
  /** Whether a space is before the token. A macro with parameters has none. */
  readonly hasSpaceBefore?: boolean;
  /** The maximum alignment that `#pragma pack` says for the token. */
  readonly pack?: number;
}

/** A line that begins with `#`, or the tokens between such lines. */
export type Line =
  | { readonly kind: "directive"; readonly tokens: readonly Token[]; readonly line: number }
  | { readonly kind: "code"; readonly tokens: readonly Token[] };

/** Maximum number of tokens in a header, with those of expanded macros. */
export const MAX_TOKENS = 200_000;

const PATTERN = new RegExp(
  [
    // Spaces, also those of other languages.
    String.raw`(?<space>[^\S\n]+)`,
    String.raw`(?<newline>\n)`,
    String.raw`(?<comment>//[^\n]*|/\*)`,
    String.raw`(?<word>[A-Za-z_$][A-Za-z0-9_$]*)`,
    String.raw`(?<number>\.?[0-9][A-Za-z0-9_.']*)`,
    // A text without an end goes to the end of its line: the apostrophe of an #error.
    String.raw`(?<text>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)`,
    String.raw`(?<mark><<=?|>>=?|[<>=!]=|&&|\|\||::|##|\.\.\.|[^\s\w])`,
  ].join("|"),
  "yu",
);

/** A backslash at the end of a line continues the line. */
const JOINED = /\\[ \t\r]{0,8}\n/y;

/** The mistake in a header, with its line. */
export function mistake(line: number, why: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(`line ${line}: ${why}`);
}

/** Splits a header into lines of directives, and code between them. */
export function linesOf(source: string): Line[] {
  const lines: Line[] = [];
  let [line, isLineStart, count]: [number, boolean, number] = [1, true, 0];
  let tokens: Token[] = [];
  let directive: { line: number } | undefined;
  const endDirective = () => {
    if (directive !== undefined) {
      lines.push({ kind: "directive", tokens, line: directive.line });
      tokens = [];
    }
    directive = undefined;
  };
  for (let at = 0; at < source.length;) {
    JOINED.lastIndex = at;
    const joined = JOINED.exec(source)?.[0];
    if (joined !== undefined) {
      at += joined.length;
      line++;
      continue;
    }
    PATTERN.lastIndex = at;
    const found = PATTERN.exec(source);
    const groups = found?.groups;
    if (found === null || groups === undefined) {
      throw mistake(line, `Expected C, got ${show(source.slice(at, at + 16))}`);
    }
    const [text] = found;
    const hasSpaceBefore = /[ \t]/.test(source[at - 1] ?? " ");
    at += text.length;
    if (groups["newline"] !== undefined) {
      endDirective();
      line++;
      isLineStart = true;
    } else if (text === "/*") {
      const end = source.indexOf("*/", at);
      if (end < 0) throw mistake(line, "The comment has no end");
      for (const character of source.slice(at, end)) if (character === "\n") line++;
      at = end + 2;
    } else if (text === "#" && isLineStart) {
      if (tokens.length > 0) lines.push({ kind: "code", tokens });
      tokens = [];
      directive = { line };
      isLineStart = false;
    } else if (groups["space"] === undefined && groups["comment"] === undefined) {
      isLineStart = false;
      if (++count > MAX_TOKENS) throw mistake(line, `There are more than ${MAX_TOKENS} tokens`);
      const kind = groups["word"] !== undefined
        ? "word"
        : groups["number"] !== undefined
        ? "number"
        : groups["text"] !== undefined
        ? "text"
        : "mark";
      tokens.push({ kind, text, line, hasSpaceBefore });
    }
  }
  endDirective();
  if (tokens.length > 0) lines.push({ kind: "code", tokens });
  return lines;
}

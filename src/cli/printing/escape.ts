/**
 * Makes texts of other programs harmless for a terminal.
 *
 * @module
 */

/**
 * Control characters, marks that change the direction of text, invisible characters, and halves of
 * surrogate pairs.
 */
const HARMFUL =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

/** The control characters that JSON writes with a letter: `\n`. */
const LETTERS = /[\b\t\n\f\r]/;

/**
 * Returns a text in which each harmful character is written as in JSON: `\u001b`, `\n`. A name from
 * another program can so not change the terminal, nor look like another name.
 */
export function escapeText(text: string): string {
  return text.replace(
    HARMFUL,
    (character) =>
      LETTERS.test(character)
        ? JSON.stringify(character).slice(1, -1)
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Returns a text of `Deno.inspect` whose escapes `\x1b` are written as {@linkcode escapeText} writes
 * them.
 */
export function escapeInspected(text: string): string {
  const unified = text.replace(
    /\\(?:x(?<digits>[0-9A-Fa-f]{2})|.)/g,
    (escape, digits: string | undefined) =>
      digits === undefined ? escape : `\\u00${digits.toLowerCase()}`,
  );
  return escapeText(unified);
}

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

/**
 * Returns a text in which each harmful character is written as its number: `\u{1b}`. A name from
 * another program can so not change the terminal, nor look like another name.
 */
export function escapeText(text: string): string {
  return text.replace(HARMFUL, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

// Stands in for @std/cli/unicode-width, whose table npm's deno-std lacks. It knows the wide characters
// by their scripts, so rare symbols can have another width than with the real module.

const ZERO = /^[\p{Mark}\p{Cc}\p{Cf}]$/u;
const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;

export function unicodeWidth(str) {
  let width = 0;
  for (const character of str) width += ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/**
 * Skips the attributes of declarations.
 *
 * @module
 */

import { mistake } from "./token.ts";
import type { Reader } from "./reader.ts";

/**
 * Skips `__attribute__((…))`, `__declspec(…)` and `[[…]]`.
 *
 * @param pack Called for `packed`. Without it, `packed` is refused.
 * @param refuse Called for an attribute that moves fields. Throws by default.
 */
export function skipAttribute(
  reader: Reader,
  pack?: () => void,
  refuse: (error: Deno.errors.InvalidData) => void = (error) => {
    throw error;
  },
): boolean {
  const token = reader.peek();
  const isList = token?.text === "[" && reader.peek(1)?.text === "[";
  const isWord = ["__attribute__", "__declspec", "alignas", "_Alignas"].includes(
    token?.text ?? "",
  );
  if (token === undefined || !isList && !isWord) return false;
  const start = reader.at;
  if (isWord) reader.at++;
  reader.skipBrackets();
  const end = reader.at;
  let text = "";
  for (reader.at = start; reader.at < end;) text += `${reader.next("an attribute").text} `;
  if (/\b_{0,2}packed_{0,2}\b/.test(text) && pack !== undefined) pack();
  else if (/align|packed/i.test(text)) {
    refuse(mistake(token.line, `Cannot read ${text.trim()}: use #pragma pack, or a description`));
  }
  return true;
}

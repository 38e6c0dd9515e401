/**
 * The encodings of the texts in messages.
 *
 * @module
 */

import type { Target } from "../targets/target.ts";

/** The encodings of texts. */
export const ENCODINGS = ["utf-8", "utf-16le", "ansi"] as const;

/** An encoding of texts. */
export type Encoding = typeof ENCODINGS[number];

/** Returns the encoding of a target's texts: the one that the user names, or the usual one. */
export function encodingOf({ kind }: Target, asked: Encoding | undefined): Encoding {
  // Programs with windows exchange UTF-16, and sendCopyData() of this module does so, too.
  return asked ?? (kind === "window" ? "utf-16le" : "utf-8");
}

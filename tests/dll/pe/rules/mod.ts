/**
 * The rules of Microsoft's "PE Format" page for a DLL that contains only data: no code, no entry
 * point, one shared section, one section with the exports and one with the relocations.
 *
 * Some rules are stricter than the page: they require one choice where the page allows several.
 * Some rules are not on the page, because Windows refuses images that the page allows. The
 * comments of these rules say so.
 *
 * @module
 */

import { CONTENT_RULES } from "./directory.ts";
import { CHECKSUM_RULE, HEADER_RULES } from "./header.ts";
import { checksumOf, PeImage } from "./image.ts";
import type { PeRule } from "./rule.ts";
import { SECTION_RULES } from "./section.ts";

export type { PeRule } from "./rule.ts";

/** All rules. The essential rules come first. */
export const PE_RULES: readonly PeRule[] = [...HEADER_RULES, ...SECTION_RULES, ...CONTENT_RULES];

/**
 * Returns the name and the fault of each rule that an image breaks.
 *
 * If the image breaks an essential rule, the rules after it are not checked.
 */
export function brokenRules(bytes: Uint8Array): string[] {
  const image = new PeImage(bytes);
  const broken: string[] = [];
  for (const rule of PE_RULES) {
    if (rule.applies?.(image) === false) continue;
    const text = rule.check(image);
    if (text === undefined) continue;
    broken.push(`${rule.name}: ${text}`);
    if (rule.essential) break;
  }
  return broken;
}

/**
 * Returns copies of a valid image that each break a rule, or no copies if the rule does not apply.
 *
 * The checksums of the copies are valid, unless the rule is the checksum's.
 */
export function brokenImages(rule: PeRule, bytes: Uint8Array): Uint8Array[] {
  if (rule.applies?.(new PeImage(bytes)) === false) return [];
  return rule.breaks.map((breakRule) => {
    const copy = bytes.slice();
    // The offset is computed first, because the break can make that impossible.
    const checksumOffset = new PeImage(copy).optional.offsetOf("CheckSum");
    breakRule(new PeImage(copy));
    if (rule !== CHECKSUM_RULE) {
      const view = new DataView(copy.buffer, copy.byteOffset);
      view.setUint32(checksumOffset, checksumOf(copy, checksumOffset), true);
    }
    return copy;
  });
}

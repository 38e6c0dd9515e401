/**
 * The rules of Microsoft's "PE Format" page for a DLL of data alone: no code, no entry point, one
 * shared section, one with the exports and one with the relocations.
 *
 * Some rules are narrower than the page, which lets a linker choose where a test wants one choice;
 * some are Windows' own, which refuses images that the page allows. Their comments say so.
 *
 * @module
 */

import { CONTENT_RULES } from "./directory.ts";
import { CHECKSUM_RULE, HEADER_RULES } from "./header.ts";
import { checksumOf, PeImage } from "./image.ts";
import type { PeRule } from "./rule.ts";
import { SECTION_RULES } from "./section.ts";

export type { PeRule } from "./rule.ts";

/** Every rule; those that the others can't be read without come first. */
export const PE_RULES: readonly PeRule[] = [...HEADER_RULES, ...SECTION_RULES, ...CONTENT_RULES];

/**
 * Reads an image strictly; gives each broken rule's name, a colon and what is wrong.
 *
 * After a broken rule without which no more can be read, there are no others.
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
 * Copies of a right image that each break this rule; none where the rule doesn't apply.
 *
 * Their checksums are right, unless that is the rule.
 */
export function brokenImages(rule: PeRule, bytes: Uint8Array): Uint8Array[] {
  if (rule.applies?.(new PeImage(bytes)) === false) return [];
  return rule.breaks.map((breakRule) => {
    const copy = bytes.slice();
    // Found before the break, after which it may be nowhere.
    const checksumOffset = new PeImage(copy).optional.offsetOf("CheckSum");
    breakRule(new PeImage(copy));
    if (rule !== CHECKSUM_RULE) {
      const view = new DataView(copy.buffer, copy.byteOffset);
      view.setUint32(checksumOffset, checksumOf(copy, checksumOffset), true);
    }
    return copy;
  });
}

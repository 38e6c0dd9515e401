/**
 * Says in words who can do what with an object.
 *
 * @module
 */

import type { AccessEntry, AccessList } from "../../../ffi/access_list.ts";
import { ownerName } from "./sections.ts";

/** The words for the rights to a kind of object, with their masks. */
type Words = readonly (readonly [mask: number, word: string])[];

/** The rights that are the same for all kinds. */
const STANDARD: Words = [
  [0x2_0000, "read the descriptor"],
  [0x4_0000, "change the descriptor"],
  [0x8_0000, "change the owner"],
];
const GENERIC: Words = [
  [0x8000_0000, "read (generic)"],
  [0x4000_0000, "write (generic)"],
  [0x2000_0000, "execute (generic)"],
];
const GENERIC_ALL = 0x1000_0000;
const SYNCHRONIZE = 0x10_0000;

/** The word for all rights to an object. */
const EVERYTHING = "do everything";

/** The kinds of objects whose descriptors are read. */
export type SecuredKind = "section" | "event" | "mutex" | "semaphore" | "mailslot";

const SPECIFIC: Readonly<Record<SecuredKind, Words>> = {
  section: [[0x4, "read"], [0x2, "write"], [0x1, "ask for the size"], [0x8, "execute"]],
  event: [[SYNCHRONIZE, "wait"], [0x2, "set"], [0x1, "read the state"]],
  mutex: [[SYNCHRONIZE, "take"], [0x1, "read the state"]],
  semaphore: [[SYNCHRONIZE, "take"], [0x2, "release"], [0x1, "read the state"]],
  mailslot: [[0x1, "read"], [0x2, "write"]],
};

/** Returns the words for a mask of rights: `["read", "write"]`, or `["do everything"]`. */
export function rightsOf(kind: SecuredKind, mask: number): string[] {
  const words = [...SPECIFIC[kind], ...STANDARD];
  const all = words.reduce((sum, [bit]) => sum | bit, 0);
  if ((mask & GENERIC_ALL) !== 0 || (mask & all) === all) return [EVERYTHING];
  const found = [...words, ...GENERIC].filter(([bit]) => (mask & bit) !== 0);
  return found.map(([, word]) => word);
}

/** Returns a sentence for each entry: `Everyone may read and write`. */
export function accessLines(kind: SecuredKind, { entries, isProtected }: AccessList): string[] {
  if (entries === undefined) return ["everyone may do everything: it has no access list"];
  if (entries.length === 0) return ["nobody may open it: its access list is empty"];
  const lines = entries.map((entry) => sentence(kind, entry));
  return isProtected ? [...lines, "protected: it inherits no entries"] : lines;
}

function sentence(kind: SecuredKind, { allows, sid, mask, inherited }: AccessEntry): string {
  const account = ownerName(sid) ?? sid;
  const rights = rightsOf(kind, mask);
  if (!allows && rights[0] === EVERYTHING) return `${account} may not do anything`;
  const what = rights.length === 0
    ? `use the rights 0x${mask.toString(16)}`
    : joined(rights, allows);
  return `${account} ${allows ? "may" : "may not"} ${what}${inherited ? " (inherited)" : ""}`;
}

function joined(words: readonly string[], allows: boolean): string {
  const last = words.at(-1)!;
  return words.length === 1
    ? last
    : `${words.slice(0, -1).join(", ")} ${allows ? "and" : "or"} ${last}`;
}

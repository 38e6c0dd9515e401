import { array, struct } from "../../../mod.ts";

const MARKS = 100;

/** A value whose elements are all equal, unless a reader sees parts of two values. */
export const Marked = Object.assign(struct({ marks: array("u32", MARKS) }), { marks: MARKS });

const MANY_MARKS = 99_999;

/** The same with so many elements that a reader often sees the writer write to the slot it copies. */
export const Large = Object.assign(struct({ marks: array("u32", MANY_MARKS) }), {
  marks: MANY_MARKS,
});

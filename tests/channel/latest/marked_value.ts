import { array, struct } from "../../../mod.ts";

const MARKS = 100;

/** A value whose elements are all equal, unless a reader sees parts of two values. */
export const Marked = Object.assign(struct({ marks: array("u32", MARKS) }), { marks: MARKS });

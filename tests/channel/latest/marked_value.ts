import { array, struct } from "../../../mod.ts";

const MARKS = 100;

/** A value whose parts are all equal, unless it is torn. */
export const Marked = Object.assign(struct({ marks: array("u32", MARKS) }), { marks: MARKS });

/**
 * The time limit of waits that a test expects to end at once.
 *
 * @module
 */

import { SLOWNESS } from "./slowness.ts";

/** Options of a wait that ends soon. On a busy machine, a process takes seconds to start. */
export const soon = { timeout: 30_000 * SLOWNESS };

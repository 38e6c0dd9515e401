/**
 * Options that several functions take.
 *
 * @module
 */

import type { Given, Options } from "./row.ts";

/** What a memory is opened for. */
export const ACCESS: Options = { access: ["word", "readwrite"] };
/** What an event or a semaphore is opened for. */
export const OBJECT_ACCESS: Options = { access: ["word", "wait"] };
/** Whether child processes inherit a handle. */
export const INHERITABLE: Options = { inheritable: ["flag", false] };
/** Whose an object may be. */
export const OWNER: Options = { owner: ["word", "self"] };
/** Who may open something. */
export const SECURITY: Options = { security: ["word", "user"] };
/** How long to wait. */
export const TIMEOUT: Options = { timeout: ["count", 0] };
/** How to wait. */
export const WAIT: Options = { ...TIMEOUT, signal: ["signal", new AbortController().signal] };
/** How to send a handle. */
export const SEND: Options = {
  ...WAIT,
  tag: ["tag", 1],
  form: ["word", "push"],
  from: ["window", 0x7ffc_fff0],
};
/** The handle of a window that does not exist. */
export const NO_WINDOW: Given = ["window", 0x7ffc_fff0];

/**
 * Options that several functions take.
 *
 * @module
 */

import type { Given, Options } from "./row.ts";

/** The access to shared memory. */
export const ACCESS: Options = { access: ["word", "readwrite"] };
/** The access to an event or a semaphore. */
export const OBJECT_ACCESS: Options = { access: ["word", "wait"] };
export const INHERITABLE: Options = { inheritable: ["flag", false] };
export const OWNER: Options = { owner: ["word", "self"] };
export const SECURITY: Options = { security: ["word", "user"] };
export const TIMEOUT: Options = { timeout: ["count", 0] };
export const WAIT: Options = { ...TIMEOUT, signal: ["signal", new AbortController().signal] };
/** The options of a service. */
export const SERVE: Options = {
  signal: WAIT.signal!,
  concurrency: ["count", 1],
  validate: ["object", {}],
  stacks: ["flag", true],
  onError: ["function", () => {}],
};
/** The options of functions that send a handle. */
export const SEND: Options = {
  ...WAIT,
  tag: ["tag", 1],
  form: ["word", "push"],
  from: ["window", 0x7ffc_fff0],
};
/** The handle of a window that does not exist. */
export const NO_WINDOW: Given = ["window", 0x7ffc_fff0];

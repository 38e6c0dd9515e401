/**
 * The kinds of objects.
 *
 * @module
 */

/** The kinds of objects that `winipc ls` lists. */
export const KINDS = [
  "section",
  "ring",
  "broadcast",
  "latest",
  "frame",
  "event",
  "mutex",
  "semaphore",
  "pipe",
  "mailslot",
  "window",
] as const;

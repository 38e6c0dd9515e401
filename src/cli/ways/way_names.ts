/**
 * The names of the ways to share data. The table of subcommands needs them without the ways.
 *
 * @module
 */

/** The names of the ways, in the order in which they are shown. */
export const WAYS = [
  "memory",
  "ring",
  "broadcast",
  "latest",
  "pipe",
  "mailslot",
  "window",
] as const;

/** The name of a way. */
export type WayName = typeof WAYS[number];

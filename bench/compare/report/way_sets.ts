/**
 * The kinds of ways between which the report distinguishes.
 *
 * @module
 */

import type { WayName } from "../ways.ts";

/** The ways through memory that both processes map, whose ends sleep if no message comes. */
export const BLOCKING_SHARED_MEMORY: ReadonlySet<WayName> = new Set([
  "ring-sleep",
  "ring-await",
  "ring-pipe",
  "rpc",
  "capnweb",
  "broadcast",
  "latest",
  "events",
]);

/** The ways through memory that both processes map. */
export const SHARED_MEMORY: ReadonlySet<WayName> = new Set([
  ...BLOCKING_SHARED_MEMORY,
  "ring-spin",
  "section",
  "file",
  "message-queue",
  "spsc-queue",
]);

/**
 * Kinds of ways, as the report tells them apart.
 *
 * @module
 */

import type { WayName } from "../ways.ts";

/** The ways through memory that both processes map, and whose ends sleep after a while. */
export const BLOCKING_SHARED_MEMORY: ReadonlySet<WayName> = new Set([
  "ring-sleep",
  "ring-await",
  "ring-pipe",
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

/** The ways within one process. */
export const IN_PROCESS: ReadonlySet<WayName> = new Set(["worker", "broadcast-channel"]);

/**
 * The processor time of this process.
 *
 * @module
 */

import process from "node:process";

/** Returns the processor time that this process has used, in nanoseconds. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

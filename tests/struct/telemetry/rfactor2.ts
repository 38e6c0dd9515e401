/**
 * The telemetry buffer of rFactor 2, packed to 4 bytes. Each buffer of the plug-in begins with two
 * counters, which it increments before and after each write.
 *
 * @see {@link https://github.com/TheIronWolfModding/rF2SharedMemoryMapPlugin/blob/102b667/Include/rF2State.h}
 * @module
 */

import { array, struct } from "../../../src/struct/mod.ts";
import { Vehicle } from "../../../src/cli/schema/shipped/rfactor2.ts";

/** The counters of each buffer. */
export const LOCK = { begin: "versionUpdateBegin", end: "versionUpdateEnd" } as const;

/** The memory with room for a number of cars: 128 in the game's memory. */
export const telemetryOf = (vehicles: number) =>
  struct({
    versionUpdateBegin: "u32",
    versionUpdateEnd: "u32",
    bytesUpdatedHint: "i32",
    vehicleCount: "i32",
    vehicles: array(Vehicle, vehicles),
  }, { pack: 4 });

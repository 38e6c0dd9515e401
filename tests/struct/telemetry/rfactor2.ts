/**
 * The telemetry buffer of rFactor 2, packed to 4 bytes. Each buffer of the plug-in begins with two
 * counters, which it increments before and after each write.
 *
 * @see {@link https://github.com/TheIronWolfModding/rF2SharedMemoryMapPlugin/blob/102b667/Include/rF2State.h}
 * @module
 */

import { ansi, array, struct } from "../../../src/struct/mod.ts";

/** The name of the memory. A dedicated server appends its process id. */
export const NAME = "$rFactor2SMMP_Telemetry$";
/** The counters of each buffer. */
export const LOCK = { begin: "versionUpdateBegin", end: "versionUpdateEnd" } as const;

/** The first field of a wheel, which has 260 bytes. */
const Wheel = struct({ suspensionDeflection: "f64" }, { pack: 4, byteLength: 260 });

/** A car: 1,888 bytes. Most doubles are not at a multiple of 8. */
export const Vehicle = struct({
  id: "i32",
  deltaTime: "f64",
  elapsedTime: "f64",
  lapNumber: "i32",
  lapStart: "f64",
  name: ansi(64),
  track: ansi(64),
  position: array("f64", 3),
  velocity: array("f64", 3),
  gear: { type: "i32", offset: 352 },
  engineRpm: "f64",
  fuel: { type: "f64", offset: 524 },
  wheels: { type: array(Wheel, 4), offset: 848 },
}, { pack: 4 });

/** The memory with room for a number of cars: 128 in the game's memory. */
export const telemetryOf = (vehicles: number) =>
  struct({
    versionUpdateBegin: "u32",
    versionUpdateEnd: "u32",
    bytesUpdatedHint: "i32",
    vehicleCount: "i32",
    vehicles: array(Vehicle, vehicles),
  }, { pack: 4 });

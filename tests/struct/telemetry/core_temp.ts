/**
 * The temperatures of Core Temp: 4,740 bytes, packed to 4 bytes. The old memory ends before
 * `structVersion`.
 *
 * @module
 */

import { ansi, array, struct } from "../../../src/struct/mod.ts";

/** The name of the memory. */
export const NAME = "CoreTempMappingObjectEx";
/** The name of the mutex that guards the memory. */
export const MUTEX = "CoreTempMutexObject";

/** The whole memory. */
export const Memory = struct({
  load: array("u32", 256),
  tjMax: array("u32", 128),
  coreCount: "u32",
  cpuCount: "u32",
  temperature: array("f32", 256),
  vid: "f32",
  cpuSpeed: "f32",
  fsbSpeed: "f32",
  multiplier: "f32",
  cpuName: ansi(100),
  fahrenheit: "bool",
  deltaToTjMax: "bool",
  tdpSupported: "bool",
  powerSupported: "bool",
  structVersion: "u32",
  tdp: array("u32", 128),
  power: array("f32", 128),
  multipliers: array("f32", 256),
}, { pack: 4 });

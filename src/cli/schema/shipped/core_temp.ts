/**
 * The temperatures of Core Temp, packed to 4 bytes: the old memory of 2,686 bytes, and the newer
 * one, which appends fields and has 4,740. Core Temp holds the mutex `CoreTempMutexObject` while it
 * writes.
 *
 * The struct is the same in many public readers: `core_temp_shared_data_ex` in Core Temp's SDK.
 *
 * @see {@link https://www.alcpu.com/CoreTemp/developers.html}
 * @module
 */

import { ansi, array, struct } from "../../../struct/mod.ts";
import type { MemoryCopy } from "./memory_copy.ts";
import { memorySchema } from "./memory_schema.ts";
import { group, listOf, type Parts } from "./part.ts";
import type { Shipped } from "./shipped.ts";

const MAX_CORES = 256;
const MAX_CPUS = 128;

/** Speeds are in MHz, loads in percent, powers in watts. Core `i` of processor `p` is `p * coreCount + i`. */
export const Ex = struct({
  load: array("u32", MAX_CORES),
  tjMax: array("u32", MAX_CPUS),
  coreCount: "u32",
  cpuCount: "u32",
  temperature: array("f32", MAX_CORES),
  vid: "f32",
  cpuSpeed: "f32",
  fsbSpeed: "f32",
  multiplier: "f32",
  cpuName: ansi(100),
  fahrenheit: "bool",
  deltaToTjMax: "bool",
  // The old memory ends here. A C compiler adds two bytes to it.
  tdpSupported: "bool",
  powerSupported: "bool",
  structVersion: "u32",
  tdp: array("u32", MAX_CPUS),
  power: array("f32", MAX_CPUS),
  multipliers: array("f32", MAX_CORES),
}, { pack: 4 });
const OLD_BYTES = Ex.offsetOf("tdpSupported");

export const CORE_TEMP: readonly Shipped[] = [
  {
    names: ["CoreTempMappingObject"],
    schema: memorySchema({
      name: "Core Temp (old)",
      byteLength: OLD_BYTES,
      partsOf: (memory) => partsOf(memory, false),
    }),
  },
  {
    names: ["CoreTempMappingObjectEx"],
    schema: memorySchema({
      name: "Core Temp",
      byteLength: Ex.byteLength,
      partsOf: (memory) => ({
        ...memory.fields(Ex, 0, ["structVersion"]),
        ...partsOf(memory, true),
      }),
    }),
  },
];

/** @param isEx Whether the memory has the fields that the old one lacks. */
function partsOf(memory: MemoryCopy, isEx: boolean): Parts {
  const coreCount = memory.u32(Ex.offsetOf("coreCount"));
  const cpuCount = memory.u32(Ex.offsetOf("cpuCount"));
  const cores = coreCount * cpuCount;
  if (cores > MAX_CORES || cpuCount > MAX_CPUS) {
    throw memory.corrupt(`it has ${cpuCount} processors with ${coreCount} cores each`);
  }
  const isTrue = (field: "tdpSupported" | "powerSupported") =>
    isEx && memory.bytes[Ex.offsetOf(field)] !== 0;
  const [hasTdp, hasPower] = [isTrue("tdpSupported"), isTrue("powerSupported")];
  const cpuAt = (index: number) =>
    group({
      tjMax: memory.value("u32", Ex.offsetOf(`tjMax[${index}]`)),
      tdp: hasTdp ? memory.value("u32", Ex.offsetOf(`tdp[${index}]`)) : undefined,
      power: hasPower ? memory.value("f32", Ex.offsetOf(`power[${index}]`)) : undefined,
    });
  const coreAt = (index: number) =>
    group({
      temperature: memory.value("f32", Ex.offsetOf(`temperature[${index}]`)),
      load: memory.value("u32", Ex.offsetOf(`load[${index}]`)),
      multiplier: isEx ? memory.value("f32", Ex.offsetOf(`multipliers[${index}]`)) : undefined,
    });
  return {
    ...memory.fields(Ex, 0, ["cpuName", "cpuSpeed", "fsbSpeed", "multiplier", "vid"]),
    ...memory.fields(Ex, 0, ["coreCount", "cpuCount", "fahrenheit", "deltaToTjMax"]),
    cpus: listOf(cpuCount, cpuAt),
    cores: listOf(cores, coreAt),
  };
}

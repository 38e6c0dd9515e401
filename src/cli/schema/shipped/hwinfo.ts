/**
 * The sensors of HWiNFO, versions 1 and 2 of its memory. The structs are packed to 1 byte.
 *
 * The header gives the sizes of sensors and readings, and newer versions append fields. Texts in
 * UTF-8 are there only if the entry is large enough: from version 2 on. HWiNFO holds the mutex
 * `Global\HWiNFO_SM2_MUTEX` while it writes.
 *
 * @see {@link https://github.com/a1ive/nwinfo/blob/6792a57/libnw/sensor/hwinfo_shmem.c}
 * @module
 */

import { ansi, struct, utf8 } from "../../../struct/mod.ts";
import type { MemoryCopy } from "./memory_copy.ts";
import { memorySchema } from "./memory_schema.ts";
import { group, type Part, shown } from "./part.ts";
import type { Shipped } from "./shipped.ts";

/** The first word: "HWiS". */
export const SIGNATURE = 0x5369_5748;

/** `pollTime` is in seconds since 1970, `pollingPeriod` in milliseconds. */
export const Header = struct({
  signature: "u32",
  version: "u32",
  revision: "u32",
  pollTime: "i64",
  sensorsOffset: "u32",
  sensorSize: "u32",
  sensorCount: "u32",
  readingsOffset: "u32",
  readingSize: "u32",
  readingCount: "u32",
  pollingPeriod: "u32",
}, { pack: 1 });

/** A sensor of version 1. */
export const Sensor = struct({
  id: "u32",
  instance: "u32",
  originalName: ansi(128),
  name: ansi(128),
}, { pack: 1 });
/** The text that version 2 appends to a sensor. */
const SensorTexts = struct({ name: utf8(128) });

/** A reading of version 1. */
export const Reading = struct({
  type: "u32",
  sensorIndex: "u32",
  id: "u32",
  originalLabel: ansi(128),
  label: ansi(128),
  unit: ansi(16),
  value: "f64",
  minimum: "f64",
  maximum: "f64",
  average: "f64",
}, { pack: 1 });
/** The texts that version 2 appends to a reading. */
const ReadingTexts = struct({ label: utf8(128), unit: utf8(16) });

/** The kinds of readings, by their number. */
const KINDS = "none temperature voltage fan current power clock usage other".split(" ");

export const HWINFO: Shipped = {
  names: ["HWiNFO_SENS_SM2"],
  schema: memorySchema({
    name: "HWiNFO",
    byteLength: Header.byteLength,
    partsOf(memory) {
      memory.assertSignature(SIGNATURE);
      const header = Header.read(memory.bytes);
      return {
        ...memory.fields(Header, 0, ["version", "revision", "pollTime"]),
        // The field is there since revision 1.
        ...(header.revision >= 1 && memory.fields(Header, 0, ["pollingPeriod"])),
        sensors: memory.list({
          what: "sensors",
          offset: header.sensorsOffset,
          stride: header.sensorSize,
          count: header.sensorCount,
          byteLength: Sensor.byteLength,
        }, (offset) => sensorAt(memory, offset, header.sensorSize)),
        readings: memory.list({
          what: "readings",
          offset: header.readingsOffset,
          stride: header.readingSize,
          count: header.readingCount,
          byteLength: Reading.byteLength,
        }, (offset) => readingAt(memory, offset, header.readingSize)),
      };
    },
    // Without the mutex, only a change of the time shows a write.
    isWhole: (copy, now) => pollTimeOf(copy) === pollTimeOf(now),
  }),
};

function pollTimeOf({ bytes }: MemoryCopy): bigint {
  return Header.read(bytes).pollTime;
}

function sensorAt(memory: MemoryCopy, offset: number, size: number): Part {
  const texts = size < Sensor.byteLength + SensorTexts.byteLength
    ? memory.fields(Sensor, offset, ["name"])
    : memory.fields(SensorTexts, offset + Sensor.byteLength, ["name"]);
  const rest = memory.fields(Sensor, offset, ["originalName", "id", "instance"]);
  return group({ ...texts, ...rest });
}

/** Returns a reading, or `undefined` for an entry that is not in use. */
function readingAt(memory: MemoryCopy, offset: number, size: number): Part | undefined {
  const { type, originalLabel } = Reading.read(memory.bytes, offset);
  if (type === 0 && originalLabel === "") return undefined;
  const { label, unit } = size < Reading.byteLength + ReadingTexts.byteLength
    ? memory.fields(Reading, offset, ["label", "unit"])
    : memory.fields(ReadingTexts, offset + Reading.byteLength, ["label", "unit"]);
  const rest = memory.fields(Reading, offset, [
    ...["value", "minimum", "maximum", "average"] as const,
    ...["originalLabel", "sensorIndex", "id"] as const,
  ]);
  return group({
    label,
    kind: shown(offset, "u32", KINDS[type] ?? type),
    unit,
    ...rest,
  });
}

/**
 * The sensors of HWiNFO. The structs are packed to 1 byte. A reader takes the sizes of sensors and
 * readings from the header, because newer versions append fields.
 *
 * @see {@link https://github.com/a1ive/nwinfo/blob/6792a57/libnw/sensor/hwinfo_shmem.c}
 * @module
 */

import { ansi, struct, utf8 } from "../../../src/struct/mod.ts";

/** The name of the memory. */
export const NAME = "Global\\HWiNFO_SENS_SM2";
/** The name of the mutex that guards the memory. */
export const MUTEX = "Global\\HWiNFO_SM2_MUTEX";
/** The first word: "HWiS". */
export const SIGNATURE = 0x5369_5748;

/** The header. The time of the last poll is at 12, which is no multiple of 8. */
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
  userName: ansi(128),
}, { pack: 1 });

/** A reading of version 2. */
export const Reading = struct({
  type: "u32",
  sensorIndex: "u32",
  id: "u32",
  originalLabel: ansi(128),
  userLabel: ansi(128),
  unit: ansi(16),
  value: "f64",
  minimum: "f64",
  maximum: "f64",
  average: "f64",
  utf8Label: utf8(128),
  utf8Unit: utf8(16),
}, { pack: 1 });

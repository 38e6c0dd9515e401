/**
 * The sensors of GPU-Z: 200,204 bytes, packed to 1 byte. GPU-Z sets `busy` to 1 while it writes.
 *
 * @see {@link https://github.com/a1ive/nwinfo/blob/6792a57/libnw/sensor/gpuz_shmem.c}
 * @module
 */

import { array, struct, utf16 } from "../../../src/struct/mod.ts";

/** The name of the memory. */
export const NAME = "GPUZShMem";

const Record = struct({ key: utf16(256), value: utf16(256) }, { pack: 1 });
const Sensor = struct(
  { name: utf16(256), unit: utf16(8), digits: "u32", value: "f64" },
  { pack: 1 },
);

/** The whole memory. Unused records and sensors have an empty name. */
export const Memory = struct({
  version: "u32",
  busy: "i32",
  lastUpdate: "u32",
  data: array(Record, 128),
  sensors: array(Sensor, 128),
}, { pack: 1 });

/**
 * The sensors of GPU-Z: 200,204 bytes, packed to 1 byte. GPU-Z sets `busy` to 1 while it writes.
 *
 * @see {@link https://github.com/a1ive/nwinfo/blob/6792a57/libnw/sensor/gpuz_shmem.c}
 * @module
 */

import { array, struct, utf16 } from "../../../struct/mod.ts";
import { memorySchema } from "./memory_schema.ts";
import { group, isEmpty } from "./part.ts";
import type { Shipped } from "./shipped.ts";

/** Maximum number of texts, and of sensors. */
const MAX_ENTRIES = 128;

const Text = struct({ key: utf16(256), value: utf16(256) }, { pack: 1 });
const Sensor = struct(
  { name: utf16(256), unit: utf16(8), digits: "u32", value: "f64" },
  { pack: 1 },
);
/** `lastUpdate` is in milliseconds since Windows started. */
export const Memory = struct({
  version: "u32",
  busy: "i32",
  lastUpdate: "u32",
  data: array(Text, MAX_ENTRIES),
  sensors: array(Sensor, MAX_ENTRIES),
}, { pack: 1 });

/** Unused texts and sensors have an empty name. They are left out. */
export const GPU_Z: Shipped = {
  names: ["GPUZShMem"],
  schema: memorySchema({
    name: "GPU-Z",
    byteLength: Memory.byteLength,
    partsOf: (memory) => ({
      ...memory.fields(Memory, 0, ["version", "busy", "lastUpdate"]),
      data: memory.list({
        what: "texts",
        offset: Memory.offsetOf("data"),
        stride: Text.byteLength,
        count: MAX_ENTRIES,
        byteLength: Text.byteLength,
      }, (offset) => {
        const text = memory.fields(Text, offset, ["key", "value"]);
        return isEmpty(text.key) ? undefined : group(text);
      }),
      sensors: memory.list({
        what: "sensors",
        offset: Memory.offsetOf("sensors"),
        stride: Sensor.byteLength,
        count: MAX_ENTRIES,
        byteLength: Sensor.byteLength,
      }, (offset) => {
        const sensor = memory.fields(Sensor, offset, ["name", "value", "unit", "digits"]);
        return isEmpty(sensor.name) ? undefined : group(sensor);
      }),
    }),
    isWhole(copy, now) {
      const [busy, lastUpdate] = [Memory.offsetOf("busy"), Memory.offsetOf("lastUpdate")];
      return copy.u32(busy) === 0 && now.u32(busy) === 0 &&
        copy.u32(lastUpdate) === now.u32(lastUpdate);
    },
  }),
};

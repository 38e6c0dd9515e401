/**
 * The monitoring memory of MSI Afterburner, version 2. The header gives its own size and the sizes
 * of the entries.
 *
 * The time has 32 bits, although `time_t` of today's compilers has 64: headers that say `time_t`
 * place all later fields 4 bytes too far.
 *
 * The struct is the same in many public readers: `MAHM_SHARED_MEMORY_HEADER` of the Afterburner
 * SDK's MAHMSharedMemory.h.
 *
 * @module
 */

import { ansi, struct } from "../../../struct/mod.ts";
import type { MemoryCopy } from "./memory_copy.ts";
import { memorySchema } from "./memory_schema.ts";
import { group, isEmpty, type Part, versionAt } from "./part.ts";
import type { Shipped } from "./shipped.ts";

/** The first word: "MAHM" as a number. */
export const SIGNATURE = 0x4d41_484d;
/** The value of a source that has none at the moment: the greatest `f32`. */
const NO_VALUE = 3.4028234663852886e38;
/** The graphics card of a source that belongs to none. */
const NO_GPU = 0xffff_ffff;

/** `time` is in seconds since 1970. */
export const Header = struct({
  signature: "u32",
  version: "u32",
  headerSize: "u32",
  entryCount: "u32",
  entrySize: "u32",
  time: "u32",
  gpuCount: "u32",
  gpuSize: "u32",
});

export const Source = struct({
  name: ansi(260),
  unit: ansi(260),
  localName: ansi(260),
  localUnit: ansi(260),
  format: ansi(260),
  value: "f32",
  minimum: "f32",
  maximum: "f32",
  flags: "u32",
  gpu: "u32",
  sourceId: "u32",
});

/** `memoryKilobytes` is 0 if Afterburner does not know it. */
export const Gpu = struct({
  id: ansi(260),
  family: ansi(260),
  device: ansi(260),
  driver: ansi(260),
  bios: ansi(260),
  memoryKilobytes: "u32",
});

export const AFTERBURNER: Shipped = {
  names: ["MAHMSharedMemory"],
  schema: memorySchema({
    name: "MSI Afterburner",
    byteLength: Header.byteLength,
    partsOf(memory) {
      memory.assertSignature(SIGNATURE);
      const { version, headerSize, ...header } = Header.read(memory.bytes);
      if (version >>> 16 !== 2) throw memory.corrupt(`its version is ${version}, and not 2.x`);
      if (headerSize < Header.byteLength) {
        throw memory.corrupt(`its header has ${headerSize} bytes, not ${Header.byteLength}`);
      }
      return {
        version: versionAt(Header.offsetOf("version"), version),
        ...memory.fields(Header, 0, ["time"]),
        sources: memory.list({
          what: "sources",
          offset: headerSize,
          stride: header.entrySize,
          count: header.entryCount,
          byteLength: Source.byteLength,
        }, (offset) => sourceAt(memory, offset)),
        gpus: memory.list({
          what: "graphics cards",
          offset: headerSize + header.entryCount * header.entrySize,
          stride: header.gpuSize,
          count: header.gpuCount,
          byteLength: Gpu.byteLength,
        }, (offset) => gpuAt(memory, offset)),
      };
    },
  }),
};

/** Returns a source without the parts that it does not have at the moment. */
function sourceAt(memory: MemoryCopy, offset: number): Part | undefined {
  const { value, gpu } = Source.read(memory.bytes, offset);
  const parts = memory.fields(Source, offset, [
    ...["name", "value", "unit", "minimum", "maximum", "gpu", "sourceId"] as const,
    ...["localName", "localUnit", "format"] as const,
  ]);
  if (isEmpty(parts.name)) return undefined;
  return group({
    ...parts,
    ...(value === NO_VALUE && { value: undefined }),
    ...(gpu === NO_GPU && { gpu: undefined }),
  });
}

function gpuAt(memory: MemoryCopy, offset: number): Part | undefined {
  const parts = memory.fields(Gpu, offset, [
    ...["device", "family", "driver", "bios", "memoryKilobytes", "id"] as const,
  ]);
  return isEmpty(parts.id) && isEmpty(parts.device) ? undefined : group(parts);
}

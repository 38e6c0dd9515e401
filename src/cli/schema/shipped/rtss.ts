/**
 * The frame rates and on-screen texts of RivaTuner Statistics Server, version 2 of its memory.
 *
 * The header gives the sizes of the entries: version 2.21 has larger ones than the header file. A
 * program that writes an on-screen text sets bit 0 of `busy` meanwhile, since version 2.14.
 *
 * @see {@link https://github.com/HanBinGer/RTSS-Ruler/blob/e7d44fd/RTSSSharedMemory.h}
 * @module
 */

import { ansi, struct } from "../../../struct/mod.ts";
import type { MemoryCopy } from "./memory_copy.ts";
import { memorySchema } from "./memory_schema.ts";
import { group, isEmpty, type Part, shown, versionAt } from "./part.ts";
import type { Shipped } from "./shipped.ts";

/** The first word: "RTSS" as a number. */
export const SIGNATURE = 0x5254_5353;

export const Header = struct({
  signature: "u32",
  version: "u32",
  appSize: "u32",
  appsOffset: "u32",
  appCount: "u32",
  osdSize: "u32",
  osdsOffset: "u32",
  osdCount: "u32",
  osdFrame: "u32",
  busy: "i32",
});
/** The first version with `busy`. */
const VERSION_OF_BUSY = 0x2_000e;

/** `frames` frames were drawn from `time0` to `time1`, in milliseconds; `frameTime` is in µs. */
export const App = struct({
  processId: "u32",
  name: ansi(260),
  flags: "u32",
  time0: "u32",
  time1: "u32",
  frames: "u32",
  frameTime: "u32",
});

/** An on-screen text, and the text in its place from version 2.7 on. */
export const Osd = struct({ text: ansi(256), owner: ansi(256) });
const LongText = struct({ text: ansi(4096) });

/** Entries that no program uses are left out. */
export const RTSS: Shipped = {
  names: ["RTSSSharedMemoryV2"],
  schema: memorySchema({
    name: "RTSS",
    byteLength: Header.byteLength,
    partsOf(memory) {
      memory.assertSignature(SIGNATURE);
      const header = Header.read(memory.bytes);
      const { version } = header;
      if (version >>> 16 !== 2) throw memory.corrupt(`its version is ${version}, and not 2.x`);
      const hasBusy = version >= VERSION_OF_BUSY;
      return {
        version: versionAt(Header.offsetOf("version"), version),
        ...memory.fields(Header, 0, ["osdFrame"]),
        ...(hasBusy && memory.fields(Header, 0, ["busy"])),
        apps: memory.list({
          what: "programs",
          offset: header.appsOffset,
          stride: header.appSize,
          count: header.appCount,
          byteLength: App.byteLength,
        }, (offset) => appAt(memory, offset)),
        texts: memory.list({
          what: "on-screen texts",
          offset: header.osdsOffset,
          stride: header.osdSize,
          count: header.osdCount,
          byteLength: Osd.byteLength,
        }, (offset) => textAt(memory, offset, header.osdSize)),
      };
    },
    isWhole: (copy, now) => !isBusy(copy) && !isBusy(now),
  }),
};

/** Whether a program writes an on-screen text. */
function isBusy({ bytes }: MemoryCopy): boolean {
  const { version, busy } = Header.read(bytes);
  return version >= VERSION_OF_BUSY && (busy & 1) !== 0;
}

function appAt(memory: MemoryCopy, offset: number): Part | undefined {
  const { processId, time0, time1, frames } = App.read(memory.bytes, offset);
  if (processId === 0) return undefined;
  const { processId: id, name, ...rest } = memory.fields(App, offset, [
    ...["processId", "name", "frameTime", "frames", "time0", "time1", "flags"] as const,
  ]);
  return group({
    processId: id,
    name,
    // Without a time, RTSS has not measured yet.
    framesPerSecond: time0 === 0 || time1 <= time0
      ? undefined
      : shown(offset + App.offsetOf("frames"), "f64", 1000 * frames / (time1 - time0)),
    ...rest,
  });
}

function textAt(memory: MemoryCopy, offset: number, size: number): Part | undefined {
  const { owner, text } = memory.fields(Osd, offset, ["owner", "text"]);
  const isLong = size >= Osd.byteLength + LongText.byteLength;
  const long = isLong ? memory.fields(LongText, offset + Osd.byteLength, ["text"]).text : text;
  if (isEmpty(owner) && isEmpty(text) && isEmpty(long)) return undefined;
  return group({ owner, text: isEmpty(long) ? text : long });
}

/**
 * The frame rates of RivaTuner Statistics Server. A reader takes the sizes of the entries from the
 * header: version 2.21 has larger ones than the header file.
 *
 * @see {@link https://github.com/HanBinGer/RTSS-Ruler}
 * @module
 */

import { ansi, struct } from "../../../src/struct/mod.ts";

/** The name of the memory. */
export const NAME = "RTSSSharedMemoryV2";
/** The first word: "RTSS" as a number, so the bytes are "SSTR". */
export const SIGNATURE = 0x5254_5353;

/** The header. `busy` is a lock for programs that write an on-screen text. */
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

/** The first fields of a program's entry. The program had `frames` frames from `time0` to `time1`. */
export const App = struct({
  processId: "u32",
  name: ansi(260),
  flags: "u32",
  time0: "u32",
  time1: "u32",
  frames: "u32",
  frameTime: "u32",
});

/** The first fields of an on-screen text. */
export const Osd = struct({ text: ansi(256), owner: ansi(256) });

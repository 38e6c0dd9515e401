/**
 * The monitoring memory of MSI Afterburner, version 2.0. Its time has 32 bits, although `time_t` of
 * today's compilers has 64. A reader takes the sizes of the entries from the header.
 *
 * @module
 */

import { ansi, struct } from "../../../src/struct/mod.ts";

/** The name of the memory. */
export const NAME = "MAHMSharedMemory";
/** The first word: "MAHM" as a number, so the bytes are "MHAM". */
export const SIGNATURE = 0x4d41_484d;

/** The header. */
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

/** An entry of a sensor. */
export const Entry = struct({
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

/** An entry of a graphics card, after the entries of the sensors. */
export const Gpu = struct({
  id: ansi(260),
  family: ansi(260),
  device: ansi(260),
  driver: ansi(260),
  bios: ansi(260),
  memoryAmount: "u32",
});

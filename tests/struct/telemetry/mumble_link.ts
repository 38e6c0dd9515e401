/**
 * The memory of Mumble's positional audio: 5,460 bytes.
 *
 * @see {@link https://github.com/mumble-voip/mumble/blob/3616998/plugins/link/LinkedMem.h}
 * @module
 */

import { array, bytes, struct, utf16 } from "../../../src/struct/mod.ts";

/** The name of the memory. The game or Mumble creates it, whichever comes first. */
export const NAME = "MumbleLink";

const vector = array("f32", 3);

/** The whole memory. `uiTick` rises with each write; nothing else shows a write. */
export const LinkedMemory = struct({
  uiVersion: "u32",
  uiTick: "u32",
  avatarPosition: vector,
  avatarFront: vector,
  avatarTop: vector,
  name: utf16(256),
  cameraPosition: vector,
  cameraFront: vector,
  cameraTop: vector,
  identity: utf16(256),
  contextLength: "u32",
  context: bytes(256),
  description: utf16(2048),
});

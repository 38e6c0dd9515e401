/**
 * The memory of Mumble's positional audio: 5,460 bytes. The game or Mumble creates the memory,
 * whichever comes first.
 *
 * `uiTick` rises with each write of the game. A copy counts as whole if the tick is the same before
 * and after the copy: nothing says that a write is going on.
 *
 * @see {@link https://github.com/mumble-voip/mumble/blob/3616998/plugins/link/LinkedMem.h}
 * @module
 */

import { array, bytes, struct, utf16 } from "../../../struct/mod.ts";
import { memorySchema } from "./memory_schema.ts";
import type { Shipped } from "./shipped.ts";

const vector = array("f32", 3);
const MAX_CONTEXT = 256;

/** Positions are in metres. Directions have the length 1. */
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
  context: bytes(MAX_CONTEXT),
  description: utf16(2048),
});

const UI_TICK = LinkedMemory.offsetOf("uiTick");

export const MUMBLE_LINK: Shipped = {
  names: ["MumbleLink"],
  schema: memorySchema({
    name: "MumbleLink",
    byteLength: LinkedMemory.byteLength,
    partsOf(memory) {
      const { contextLength } = LinkedMemory.read(memory.bytes);
      if (contextLength > MAX_CONTEXT) {
        throw memory.corrupt(`its context has ${contextLength} of ${MAX_CONTEXT} bytes`);
      }
      return {
        ...memory.fields(LinkedMemory, 0, [
          ...["uiVersion", "uiTick", "avatarPosition", "avatarFront", "avatarTop", "name"] as const,
          ...["cameraPosition", "cameraFront", "cameraTop", "identity", "contextLength"] as const,
        ]),
        context: contextLength === 0
          ? undefined
          : memory.value(bytes(contextLength), LinkedMemory.offsetOf("context")),
        ...memory.fields(LinkedMemory, 0, ["description"]),
      };
    },
    isWhole: (copy, now) => copy.u32(UI_TICK) === now.u32(UI_TICK),
  }),
};

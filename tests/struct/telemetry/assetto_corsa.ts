/**
 * The first fields of the three memories of Assetto Corsa and Assetto Corsa Competizione, packed to
 * 4 bytes. `packetId` rises with each write; nothing else shows a write.
 *
 * @see {@link https://github.com/gabbo76/ACC-TX-UDP/blob/5bdd3af/SharedFileOut.h}
 * @module
 */

import { array, struct, utf16 } from "../../../src/struct/mod.ts";

/** The names of the memories. */
export const NAMES = {
  physics: "Local\\acpmf_physics",
  graphics: "Local\\acpmf_graphics",
  static: "Local\\acpmf_static",
} as const;

/** The state of the car. */
export const Physics = struct({
  packetId: "i32",
  gas: "f32",
  brake: "f32",
  fuel: "f32",
  gear: "i32",
  rpms: "i32",
  steerAngle: "f32",
  speedKmh: "f32",
  velocity: array("f32", 3),
  acceleration: array("f32", 3),
  wheelSlip: array("f32", 4),
}, { pack: 4 });

/**
 * The state of the session. The texts have 15 code units, so `laps` comes after a gap. Headers that
 * lack `replayTimeMultiplier` at 244 place all later fields 4 bytes too early.
 */
export const Graphics = struct({
  packetId: "i32",
  status: "i32",
  session: "i32",
  currentTime: utf16(15),
  lastTime: utf16(15),
  laps: { type: "i32", offset: 132 },
  position: "i32",
  currentTimeMs: "i32",
  normalizedPosition: { type: "f32", offset: 248 },
}, { pack: 4 });

/** The names of the session. */
export const Static = struct({
  sharedMemoryVersion: utf16(15),
  gameVersion: utf16(15),
  sessions: "i32",
  cars: "i32",
  carModel: utf16(33),
  track: utf16(33),
  playerName: utf16(33),
}, { pack: 4 });

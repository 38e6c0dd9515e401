/**
 * The three memories of Assetto Corsa and Assetto Corsa Competizione, packed to 4 bytes.
 *
 * Both games have the same fields at the same offsets, as far as they are described here. Fields
 * that a game does not use are 0. Some public copies of the header lack fields that the second game
 * does not use, which places all later fields too early: `normalizedCarPosition` is at 248, after
 * `replayTimeMultiplier`. In the graphics memory, the games differ from 252 on.
 *
 * `packetId` rises with each write. A copy counts as whole if it is the same before and after the
 * copy: nothing says that a write is going on.
 *
 * @see {@link https://github.com/gabbo76/ACC-TX-UDP/blob/5bdd3af/SharedFileOut.h}
 * @module
 */

import { array, struct, utf16 } from "../../../struct/mod.ts";
import { layoutSchema } from "../layout_schema.ts";
import type { Schema } from "../schema.ts";
import type { Shipped } from "./shipped.ts";

/** One number for each wheel: front left, front right, rear left, rear right. */
const wheels = array("f32", 4);
const vector = array("f32", 3);
const vectors = array(vector, 4);

/**
 * The state of the car. Pressures of tyres are in psi, temperatures in °C, angles in radians, and
 * times in seconds. Gear 0 is reverse, 1 is neutral.
 */
export const Physics = struct({
  packetId: "i32",
  gas: "f32",
  brake: "f32",
  fuelLitres: "f32",
  gear: "i32",
  rpm: "i32",
  steerAngle: "f32",
  speedKmh: "f32",
  velocity: vector,
  accelerationG: vector,
  wheelSlip: wheels,
  wheelLoad: wheels,
  wheelPressure: wheels,
  wheelAngularSpeed: wheels,
  tyreWear: wheels,
  tyreDirtyLevel: wheels,
  tyreCoreTemperature: wheels,
  camber: wheels,
  suspensionTravel: wheels,
  drs: "f32",
  tc: "f32",
  heading: "f32",
  pitch: "f32",
  roll: "f32",
  centreOfGravityHeight: "f32",
  carDamage: array("f32", 5),
  tyresOut: "i32",
  pitLimiterOn: "i32",
  abs: "f32",
  kersCharge: "f32",
  kersInput: "f32",
  autoShifterOn: "i32",
  rideHeight: array("f32", 2),
  turboBoost: "f32",
  ballast: "f32",
  airDensity: "f32",
  airTemperature: "f32",
  roadTemperature: "f32",
  localAngularVelocity: vector,
  finalForceFeedback: "f32",
  performanceMeter: "f32",
  engineBrake: "i32",
  ersRecoveryLevel: "i32",
  ersPowerLevel: "i32",
  ersHeatCharging: "i32",
  ersIsCharging: "i32",
  kersCurrentKj: "f32",
  drsAvailable: "i32",
  drsEnabled: "i32",
  brakeTemperature: wheels,
  clutch: "f32",
  tyreTemperatureInner: wheels,
  tyreTemperatureMiddle: wheels,
  tyreTemperatureOuter: wheels,
  isAiControlled: "i32",
  tyreContactPoint: vectors,
  tyreContactNormal: vectors,
  tyreContactHeading: vectors,
  brakeBias: "f32",
  localVelocity: vector,
  p2pActivations: "i32",
  p2pStatus: "i32",
  maxRpm: "i32",
  selfAligningTorque: wheels,
  longitudinalForce: wheels,
  lateralForce: wheels,
  slipRatio: wheels,
  slipAngle: wheels,
  tcInAction: "i32",
  absInAction: "i32",
  suspensionDamage: wheels,
  tyreTemperature: wheels,
  waterTemperature: "f32",
  brakePressure: wheels,
  frontBrakeCompound: "i32",
  rearBrakeCompound: "i32",
  padLife: wheels,
  discLife: wheels,
  ignitionOn: "i32",
  starterEngineOn: "i32",
  isEngineRunning: "i32",
  kerbVibration: "f32",
  slipVibration: "f32",
  gVibration: "f32",
  absVibration: "f32",
}, { pack: 4 });

/**
 * The state of the session: status 0 is off, 1 a replay, 2 live, 3 paused; session -1 is unknown, 0
 * practice, 1 qualifying, 2 the race. Times that end with `Ms` are in milliseconds.
 */
export const Graphics = struct({
  packetId: "i32",
  status: "i32",
  session: "i32",
  currentTime: utf16(15),
  lastTime: utf16(15),
  bestTime: utf16(15),
  split: utf16(15),
  completedLaps: "i32",
  position: "i32",
  currentTimeMs: "i32",
  lastTimeMs: "i32",
  bestTimeMs: "i32",
  sessionTimeLeft: "f32",
  distanceTravelled: "f32",
  isInPit: "i32",
  currentSectorIndex: "i32",
  lastSectorTimeMs: "i32",
  numberOfLaps: "i32",
  tyreCompound: utf16(33),
  replayTimeMultiplier: "f32",
  normalizedCarPosition: "f32",
}, { pack: 4 });

const PacketId = struct({ packetId: "i32" });

/** What does not change in a session. */
export const Static = struct({
  sharedMemoryVersion: utf16(15),
  gameVersion: utf16(15),
  numberOfSessions: "i32",
  numberOfCars: "i32",
  carModel: utf16(33),
  track: utf16(33),
  playerName: utf16(33),
  playerSurname: utf16(33),
  playerNick: utf16(33),
  sectorCount: "i32",
  maxTorque: "f32",
  maxPower: "f32",
  maxRpm: "i32",
  maxFuelLitres: "f32",
  suspensionMaxTravel: wheels,
  tyreRadius: wheels,
  maxTurboBoost: "f32",
  penaltiesEnabled: { type: "i32", offset: 464 },
  aidFuelRate: "f32",
  aidTyreRate: "f32",
  aidMechanicalDamage: "f32",
  aidAllowTyreBlankets: "i32",
  aidStability: "f32",
  aidAutoClutch: "i32",
  aidAutoBlip: "i32",
  hasDrs: "i32",
  hasErs: "i32",
  hasKers: "i32",
  kersMaxJ: "f32",
  engineBrakeSettingsCount: "i32",
  ersPowerControllerCount: "i32",
  trackSplineLength: "f32",
  trackConfiguration: utf16(33),
  ersMaxJ: "f32",
  isTimedRace: "i32",
  hasExtraLap: "i32",
  carSkin: utf16(33),
  reversedGridPositions: "i32",
  pitWindowStart: "i32",
  pitWindowEnd: "i32",
  isOnline: "i32",
}, { pack: 4 });

export const ASSETTO_CORSA: readonly Shipped[] = [
  { names: ["acpmf_physics"], schema: tickedSchema("Assetto Corsa physics", Physics) },
  { names: ["acpmf_graphics"], schema: tickedSchema("Assetto Corsa graphics", Graphics) },
  { names: ["acpmf_static"], schema: layoutSchema("Assetto Corsa static", Static) },
];

/** Returns the schema of a memory that begins with `packetId`. */
function tickedSchema(name: string, layout: { readonly signature: string }): Schema {
  const packetIdOf = (bytes: Uint8Array<ArrayBuffer>) => PacketId.read(bytes).packetId;
  return {
    ...layoutSchema(name, layout),
    isWhole: (copy, now = copy) => packetIdOf(copy) === packetIdOf(now),
  };
}

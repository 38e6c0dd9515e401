/**
 * The telemetry and the scoring of rFactor 2, as its shared memory plug-in writes them, packed to 4
 * bytes. Most doubles are not at a multiple of 8.
 *
 * Each buffer begins with two counters, which the plug-in increments before and after each write. A
 * copy is whole if they are equal. A dedicated server appends its process id to the name.
 *
 * @see {@link https://github.com/TheIronWolfModding/rF2SharedMemoryMapPlugin/blob/102b667/Include/rF2State.h}
 * @module
 */

import { ansi, array, bytes, struct } from "../../../struct/mod.ts";
import { layoutSchema } from "../layout_schema.ts";
import type { MemoryCopy } from "./memory_copy.ts";
import { memorySchema } from "./memory_schema.ts";
import type { ListPart, Parts } from "./part.ts";
import type { Schema } from "../schema.ts";
import type { Shipped } from "./shipped.ts";

/** The plug-in's limit of vehicles in a buffer. */
const MAX_VEHICLES = 128;

const vector = struct({ x: "f64", y: "f64", z: "f64" }, { pack: 4 });
/** The position in metres, and its derivatives: in m/s and m/s², in the vehicle's coordinates. */
const motion = {
  position: vector,
  localVelocity: vector,
  localAcceleration: vector,
  orientation: array(vector, 3),
  localRotation: vector,
  localRotationAcceleration: vector,
} as const;

/** A wheel. Temperatures of tyres are in kelvin, of brakes in °C; forces in newtons. */
const Wheel = struct({
  suspensionDeflection: "f64",
  rideHeight: "f64",
  suspensionForce: "f64",
  brakeTemperature: "f64",
  brakePressure: "f64",
  rotation: "f64",
  lateralPatchVelocity: "f64",
  longitudinalPatchVelocity: "f64",
  lateralGroundVelocity: "f64",
  longitudinalGroundVelocity: "f64",
  camber: "f64",
  lateralForce: "f64",
  longitudinalForce: "f64",
  tyreLoad: "f64",
  gripFraction: "f64",
  pressureKpa: "f64",
  temperatureKelvin: array("f64", 3),
  wear: "f64",
  terrain: ansi(16),
  surfaceType: "u8",
  isFlat: "bool",
  isDetached: "bool",
  verticalTyreDeflection: "f64",
  wheelYLocation: "f64",
  toe: "f64",
  carcassTemperatureKelvin: "f64",
  innerLayerTemperatureKelvin: array("f64", 3),
}, { pack: 4, byteLength: 260 });

/** A vehicle's telemetry. Times are in seconds. Gear -1 is reverse, 0 is neutral. */
export const Vehicle = struct({
  id: "i32",
  deltaTime: "f64",
  elapsedTime: "f64",
  lapNumber: "i32",
  lapStart: "f64",
  vehicle: ansi(64),
  track: ansi(64),
  ...motion,
  gear: "i32",
  engineRpm: "f64",
  engineWaterTemperature: "f64",
  engineOilTemperature: "f64",
  clutchRpm: "f64",
  unfilteredThrottle: "f64",
  unfilteredBrake: "f64",
  unfilteredSteering: "f64",
  unfilteredClutch: "f64",
  throttle: "f64",
  brake: "f64",
  steering: "f64",
  clutch: "f64",
  steeringShaftTorque: "f64",
  front3rdDeflection: "f64",
  rear3rdDeflection: "f64",
  frontWingHeight: "f64",
  frontRideHeight: "f64",
  rearRideHeight: "f64",
  drag: "f64",
  frontDownforce: "f64",
  rearDownforce: "f64",
  fuelLitres: "f64",
  engineMaxRpm: "f64",
  scheduledStops: "u8",
  isOverheating: "bool",
  isDetached: "bool",
  headlights: "bool",
  dentSeverity: bytes(8),
  lastImpactTime: "f64",
  lastImpactMagnitude: "f64",
  lastImpactPosition: vector,
  engineTorque: "f64",
  currentSector: "i32",
  speedLimiter: "u8",
  maxGears: "u8",
  frontTyreCompoundIndex: "u8",
  rearTyreCompoundIndex: "u8",
  fuelCapacityLitres: "f64",
  frontFlapActivated: "u8",
  rearFlapActivated: "u8",
  rearFlapLegalStatus: "u8",
  ignitionStarter: "u8",
  frontTyreCompound: ansi(18),
  rearTyreCompound: ansi(18),
  speedLimiterAvailable: "u8",
  antiStallActivated: "u8",
  visualSteeringWheelRange: "f32",
  rearBrakeBias: "f64",
  turboBoostPressure: "f64",
  physicsToGraphicsOffset: array("f32", 3),
  physicalSteeringWheelRange: "f32",
  wheels: { type: array(Wheel, 4), offset: 848 },
}, { pack: 4 });

/** The beginning of each buffer. */
const Buffer = struct({
  versionUpdateBegin: "u32",
  versionUpdateEnd: "u32",
  bytesUpdatedHint: "i32",
});

/**
 * The scoring of the session. Sessions: 0 test day, 1 to 4 practice, 5 to 8
 * qualifying, 9 warm-up, 10 to 13 race. Distances are in metres, temperatures in °C.
 */
const Session = struct({
  track: ansi(64),
  session: "i32",
  currentTime: "f64",
  endTime: "f64",
  maxLaps: "i32",
  lapDistance: "f64",
  resultsPointer: "u64",
  vehicleCount: "i32",
  gamePhase: "u8",
  yellowFlagState: "i8",
  sectorFlags: array("i8", 3),
  startLight: "u8",
  redLightCount: "u8",
  isInRealtime: "bool",
  player: ansi(32),
  playerFile: ansi(64),
  darkCloud: "f64",
  raining: "f64",
  ambientTemperature: "f64",
  trackTemperature: "f64",
  wind: vector,
  minPathWetness: "f64",
  maxPathWetness: "f64",
}, { pack: 4, byteLength: 548 });

/** A vehicle's scoring. Times are in seconds. */
const VehicleScore = struct({
  id: "i32",
  driver: ansi(32),
  vehicle: ansi(64),
  totalLaps: "i16",
  sector: "i8",
  finishStatus: "i8",
  lapDistance: "f64",
  pathLateral: "f64",
  trackEdge: "f64",
  bestSector1: "f64",
  bestSector2: "f64",
  bestLapTime: "f64",
  lastSector1: "f64",
  lastSector2: "f64",
  lastLapTime: "f64",
  currentSector1: "f64",
  currentSector2: "f64",
  pitStops: "i16",
  penalties: "i16",
  isPlayer: "bool",
  control: "i8",
  isInPits: "bool",
  place: "u8",
  vehicleClass: ansi(32),
  timeBehindNext: "f64",
  lapsBehindNext: "i32",
  timeBehindLeader: "f64",
  lapsBehindLeader: "i32",
  lapStart: "f64",
  ...motion,
  headlights: "u8",
  pitState: "u8",
  serverScored: "u8",
  individualPhase: "u8",
  qualification: "i32",
  timeIntoLap: "f64",
  estimatedLapTime: "f64",
  pitGroup: ansi(24),
  flag: "u8",
  isUnderYellow: "bool",
  countLapFlag: "u8",
  isInGarageStall: "bool",
}, { pack: 4, byteLength: 584 });

const VEHICLE = layoutSchema("a vehicle", Vehicle);
const SESSION = layoutSchema("the session", Session);
const VEHICLE_SCORE = layoutSchema("a vehicle's scoring", VehicleScore);

/** The offset of the number of vehicles in the telemetry. The vehicles come after it. */
const TELEMETRY_COUNT = Buffer.byteLength;
const SCORING_COUNT = Buffer.byteLength + Session.offsetOf("vehicleCount");

export const RFACTOR2: readonly Shipped[] = [
  {
    names: ["$rFactor2SMMP_Telemetry$"],
    hasProcessId: true,
    schema: memorySchema({
      name: "rFactor 2 telemetry",
      byteLength: TELEMETRY_COUNT + 4,
      partsOf: (memory) => ({
        ...countersOf(memory),
        vehicleCount: memory.value("i32", TELEMETRY_COUNT),
        vehicles: vehiclesOf(memory, TELEMETRY_COUNT, TELEMETRY_COUNT + 4, VEHICLE),
      }),
      isWhole,
    }),
  },
  {
    names: ["$rFactor2SMMP_Scoring$"],
    hasProcessId: true,
    schema: memorySchema({
      name: "rFactor 2 scoring",
      byteLength: Buffer.byteLength + Session.byteLength,
      partsOf: (memory) => ({
        ...countersOf(memory),
        session: memory.struct(SESSION, Buffer.byteLength),
        vehicles: vehiclesOf(
          memory,
          SCORING_COUNT,
          Buffer.byteLength + Session.byteLength,
          VEHICLE_SCORE,
        ),
      }),
      isWhole,
    }),
  },
];

/** Whether no write began between the end of the last one and the end of the copy. */
function isWhole(copy: MemoryCopy, now: MemoryCopy): boolean {
  const { versionUpdateBegin, versionUpdateEnd } = Buffer.read(copy.bytes);
  return versionUpdateBegin === versionUpdateEnd && now.u32(0) === versionUpdateEnd;
}

function countersOf(memory: MemoryCopy): Parts {
  return memory.fields(Buffer, 0, ["versionUpdateBegin", "versionUpdateEnd"]);
}

/**
 * Returns the vehicles that the game has at the moment.
 *
 * @param countAt The offset of their number.
 * @param offset The offset of the first one.
 */
function vehiclesOf(
  memory: MemoryCopy,
  countAt: number,
  offset: number,
  schema: Schema,
): ListPart {
  const count = memory.u32(countAt);
  if (count > MAX_VEHICLES) {
    throw memory.corrupt(`it has ${count} vehicles, more than ${MAX_VEHICLES}`);
  }
  const { byteLength } = schema;
  return memory.list(
    { what: "vehicles", offset, stride: byteLength, count, byteLength },
    (at) => memory.struct(schema, at),
  );
}

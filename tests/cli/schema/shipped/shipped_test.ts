// Task: test:command

/**
 * Reads the memories of programs that many people read by the schemas that ship with the command. A
 * program in C writes them, by structs of its own.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SharedMemory } from "../../../../mod.ts";
import { shippedSchemaOf } from "../../../../src/cli/schema/load.ts";
import { toJson } from "../../../../src/cli/printing/json.ts";
import type { Field, Schema } from "../../../../src/cli/schema/schema.ts";
import { compileC, type Compiled } from "../../../support/compile_c.ts";
import { Peer } from "../../../support/peer.ts";
import { peers } from "../../../support/peers.ts";
import { peerUrl } from "../../../support/peer_url.ts";
import { Random } from "../../../support/random.ts";
import { randomName } from "../../../support/random_name.ts";

let compiled: Compiled;
/** The program in C, which holds all memories, each under the real name and {@linkcode SUFFIX}. */
let writer: Peer;
const NAMES = [
  ...["AIDA64_SensorValues", "CoreTempMappingObject", "CoreTempMappingObjectEx", "GPUZShMem"],
  ...["HWiNFO_SENS_SM2", "HWiNFO_SENS_SM2 version 1", "IRSDKMemMapFileName", "MAHMSharedMemory"],
  ...["MumbleLink", "RTSSSharedMemoryV2", "acpmf_graphics", "acpmf_physics", "acpmf_static"],
  ...["$rFactor2SMMP_Scoring$", "$rFactor2SMMP_Telemetry$"],
];
/** The memories as the writer first wrote them, by name. */
let copies: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
const SUFFIX = ` ${randomName()}`;

Deno.test.beforeAll(async () => {
  compiled = await compileC(peerUrl("cli/schema/shipped/peers/shipped_writer.c"));
  writer = await Peer.startProgram(compiled.path, SUFFIX);
  copies = new Map(NAMES.map((name) => [name, copyNow(name)]));
});

Deno.test.afterAll(async () => {
  await writer[Symbol.asyncDispose]();
  await compiled[Symbol.asyncDispose]();
});

/** A copy of a memory, read by the schema for the memory's real name. */
interface Read {
  readonly schema: Schema;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fields: readonly Field[];
  readonly object: Record<string, unknown>;
}

function schemaOf(name: string): Schema {
  const schema = shippedSchemaOf(name);
  assert(schema !== undefined, name);
  return schema;
}

/** Copies a memory of the writer as it is now. */
function copyNow(name: string, suffix = SUFFIX): Uint8Array<ArrayBuffer> {
  using memory = SharedMemory.open(name + suffix);
  using view = memory.map();
  return view.bytes.slice();
}

/** Returns a copy of a memory as the writer first wrote it. */
function copyOf(name: string): Uint8Array<ArrayBuffer> {
  const bytes = copies.get(name);
  assert(bytes !== undefined, name);
  return bytes.slice();
}

/** Reads a memory as the writer first wrote it, by the schema for a name. */
function read(name: string, memory: string = name): Read {
  const schema = schemaOf(name);
  const bytes = copyOf(memory);
  assert(schema.isWhole?.(bytes) ?? true);
  return { schema, bytes, fields: schema.fields(bytes), object: schema.toObject(bytes) };
}

/** Returns the values of the fields, by path. */
function valuesOf(fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ path, value }) => [path, value]));
}

/** Returns the field of a path. */
function fieldOf(fields: readonly Field[], path: string): Field {
  const found = fields.filter((field) => field.path === path);
  assertEquals(found.length, 1, path);
  return found[0]!;
}

peers.test("The memories have the same bytes in C programs of each width", async (bits) => {
  await using program = await compileC(peerUrl("cli/schema/shipped/peers/shipped_writer.c"), {
    bits,
  });
  const suffix = ` ${randomName()}`;
  await using _writer = await Peer.startProgram(program.path, suffix);
  for (const name of NAMES) assertEquals([name, copyNow(name, suffix)], [name, copyOf(name)]);
});

Deno.test("A name of either directory finds its schema, and other names find none", () => {
  const names = {
    "Local\\MumbleLink": "MumbleLink",
    "Global\\HWiNFO_SENS_SM2": "HWiNFO",
    "HWiNFO_SENS_SM2": "HWiNFO",
    "Local\\GPUZShMem": "GPU-Z",
    "Local\\CoreTempMappingObject": "Core Temp (old)",
    "Global\\CoreTempMappingObjectEx": "Core Temp",
    "Local\\RTSSSharedMemoryV2": "RTSS",
    "Local\\MAHMSharedMemory": "MSI Afterburner",
    "Local\\acpmf_physics": "Assetto Corsa physics",
    "Local\\acpmf_graphics": "Assetto Corsa graphics",
    "Local\\acpmf_static": "Assetto Corsa static",
    "Local\\IRSDKMemMapFileName": "iRacing",
    "Global\\AIDA64_SensorValues": "AIDA64",
    "Local\\$rFactor2SMMP_Telemetry$": "rFactor 2 telemetry",
    "Global\\$rFactor2SMMP_Telemetry$4242": "rFactor 2 telemetry",
    "$rFactor2SMMP_Scoring$1": "rFactor 2 scoring",
  };
  const found = Object.keys(names).map((name) => [name, shippedSchemaOf(name)?.name]);
  assertEquals(Object.fromEntries(found), names);
  const others = [
    ...["", "Local\\", "Local\\mumblelink", "MumbleLink1", "Session\\1\\MumbleLink", "toString"],
    ...[
      "$rFactor2SMMP_Telemetry$x",
      "$rFactor2SMMP_Telemetry$12345678901",
      "Local\\Local\\GPUZShMem",
    ],
  ];
  assertEquals(others.filter((name) => shippedSchemaOf(name) !== undefined), []);
});

Deno.test("MumbleLink has 5,460 bytes in a section of 8,192", () => {
  const { schema, bytes, fields, object } = read("MumbleLink");
  assertEquals([schema.byteLength, bytes.length], [5460, 8192]);
  assertEquals(object, {
    uiVersion: 2,
    uiTick: 77,
    avatarPosition: [1.5, 2.5, 3.5],
    avatarFront: [4.5, 5.5, 6.5],
    avatarTop: [7.5, 8.5, 9.5],
    name: "Rennen über Land",
    cameraPosition: [10.5, 11.5, 12.5],
    cameraFront: [13.5, 14.5, 15.5],
    cameraTop: [16.5, 17.5, 18.5],
    identity: '{"driver":7}',
    contextLength: 3,
    context: Uint8Array.of(200, 201, 202),
    description: "A game",
  });
  assertEquals(fieldOf(fields, "cameraFront[1]"), {
    path: "cameraFront[1]",
    offset: 572,
    type: "f32",
    value: 14.5,
  });
  assertEquals(fieldOf(fields, "context"), {
    path: "context",
    offset: 1108,
    type: "u8[3]",
    value: Uint8Array.of(200, 201, 202),
  });
  const { type, offset } = fieldOf(fields, "description");
  assertEquals([type, offset, fields.length], ["utf16[2048]", 1364, 25]);
});

Deno.test("HWiNFO's entries of version 1 are 264 and 316 bytes apart", () => {
  const { object, fields } = read("HWiNFO_SENS_SM2", "HWiNFO_SENS_SM2 version 1");
  assertEquals(object, {
    version: 1,
    revision: 0,
    pollTime: 1_700_000_000_123n,
    sensors: [
      { name: "Prozessor", originalName: "CPU", id: 0xf000_0100, instance: 0 },
      { name: "Gräfik", originalName: "GPU", id: 0xf000_0101, instance: 1 },
    ],
    readings: [
      {
        ...{ label: "Temperatur", kind: "temperature", unit: "°C", value: 40.25, minimum: 41.25 },
        ...{ maximum: 42.25, average: 43.25, originalLabel: "Temperature", sensorIndex: 0 },
        id: 0x100_0000,
      },
      {
        ...{ label: "Lüfter", kind: "fan", unit: "RPM", value: 240.25, minimum: 241.25 },
        ...{ maximum: 242.25, average: 243.25, originalLabel: "Fan", sensorIndex: 1 },
        id: 0x100_0002,
      },
    ],
  });
  // Reading 1 is not in use. The others keep their indexes.
  assertEquals(fields.filter(({ path }) => path.startsWith("readings[1]")), []);
  assertEquals(fieldOf(fields, "readings[2].value"), {
    path: "readings[2].value",
    offset: 48 + 2 * 264 + 2 * 316 + 284,
    type: "f64",
    value: 240.25,
  });
});

Deno.test("HWiNFO's entries of version 2 are 392 and 460 bytes apart, and have UTF-8", () => {
  const { object, fields } = read("HWiNFO_SENS_SM2");
  assertEquals(object, {
    version: 2,
    revision: 1,
    pollTime: 1_700_000_000_123n,
    pollingPeriod: 2000,
    sensors: [
      { name: "处", originalName: "CPU", id: 0xf000_0100, instance: 0 },
      { name: "显卡", originalName: "GPU", id: 0xf000_0101, instance: 1 },
    ],
    readings: [
      {
        ...{ label: "温", kind: "temperature", unit: "°C", value: 40.25, minimum: 41.25 },
        ...{ maximum: 42.25, average: 43.25, originalLabel: "Temperature", sensorIndex: 0 },
        id: 0x100_0000,
      },
      {
        ...{ label: "风", kind: "fan", unit: "rpm", value: 240.25, minimum: 241.25 },
        ...{ maximum: 242.25, average: 243.25, originalLabel: "Fan", sensorIndex: 1 },
        id: 0x100_0002,
      },
    ],
  });
  const { offset, type } = fieldOf(fields, "readings[2].unit");
  assertEquals([offset, type], [48 + 2 * 392 + 2 * 460 + 444, "utf8[16]"]);
});

Deno.test("GPU-Z's unused texts and sensors are left out", () => {
  const { schema, object, fields } = read("GPUZShMem");
  assertEquals(schema.byteLength, 200_204);
  assertEquals(object, {
    version: 1,
    busy: 0,
    lastUpdate: 123_456,
    data: [{ key: "CardName", value: "Voodoo 2" }, { key: "MemSize", value: "" }],
    sensors: [
      { name: "Core Clock", value: 91.25, unit: "MHz", digits: 1 },
      { name: "Hot Spot  ", value: 93.25, unit: "°C ", digits: 3 },
    ],
  });
  assertEquals(fields.map(({ path }) => path), [
    ...["version", "busy", "lastUpdate"],
    ...["data[0].key", "data[0].value", "data[2].key", "data[2].value"],
    ...["name", "value", "unit", "digits"].map((name) => `sensors[1].${name}`),
    ...["name", "value", "unit", "digits"].map((name) => `sensors[3].${name}`),
  ]);
  // A double that is not at a multiple of 4.
  assertEquals(fieldOf(fields, "sensors[1].value").offset, 131_084 + 540 + 532);
});

Deno.test("Core Temp's old memory has 2,686 bytes, and the new one appends fields", () => {
  const old = read("CoreTempMappingObject");
  assertEquals(old.schema.byteLength, 2686);
  const common = {
    cpuName: "A processor",
    cpuSpeed: 3600,
    fsbSpeed: 100,
    multiplier: 36,
    vid: 1.25,
    coreCount: 2,
    cpuCount: 2,
    fahrenheit: false,
    deltaToTjMax: true,
  };
  const cores = [0, 1, 2, 3].map((i) => ({ temperature: 50.5 + i, load: 10 + i }));
  assertEquals(old.object, { ...common, cpus: [{ tjMax: 100 }, { tjMax: 101 }], cores });
  // The schema needs no byte after the 2,686.
  assertEquals(old.schema.toObject(old.bytes.slice(0, 2686)), old.object);

  const { schema, object, fields } = read("CoreTempMappingObjectEx");
  assertEquals(schema.byteLength, 4740);
  assertEquals(object, {
    structVersion: 2,
    ...common,
    // The memory says that it has powers, and no TDP.
    cpus: [{ tjMax: 100, power: 33.5 }, { tjMax: 101, power: 34.5 }],
    cores: cores.map((core, i) => ({ ...core, multiplier: 30 + i })),
  });
  assertEquals(fieldOf(fields, "cores[3].multiplier").offset, 3716 + 12);
});

Deno.test("RTSS has entries as large as its header says, and empty ones are left out", () => {
  const { object, fields } = read("RTSSSharedMemoryV2");
  assertEquals(object, {
    version: "2.21",
    osdFrame: 5,
    busy: 0,
    apps: [
      {
        ...{ processId: 4242, name: "C:\\Games\\race.exe", framesPerSecond: 144, frameTime: 6944 },
        ...{ frames: 144, time0: 10_000, time1: 11_000, flags: 1 },
      },
      // RTSS has not measured the second program yet.
      {
        ...{ processId: 4243, name: "new.exe", frameTime: 0 },
        ...{ frames: 0, time0: 0, time1: 0, flags: 0 },
      },
    ],
    texts: [
      { owner: "Some overlay", text: "60 FPS" },
      { owner: "Another overlay", text: "A long text" },
    ],
  });
  const [osd, app] = [256 + 256 + 4096 + 1000, 284 + 12_000];
  assertEquals(fieldOf(fields, "texts[3].text").offset, 64 + 3 * osd + 512);
  assertEquals(fieldOf(fields, "apps[2].processId").offset, 64 + 4 * osd + 2 * app);
});

Deno.test("MSI Afterburner has a time of 32 bits, and sources without a value", () => {
  const { object, fields } = read("MAHMSharedMemory");
  const texts = { localName: "", localUnit: "", format: "" };
  assertEquals(object, {
    version: "2.0",
    time: 4_000_000_000,
    sources: [
      {
        ...{ name: "GPU temperature", value: 61.25, unit: "°C", minimum: 0, maximum: 100, gpu: 0 },
        ...{ sourceId: 0, localName: "Temperatur", localUnit: "°C", format: "%.0f" },
      },
      {
        ...{ name: "Framerate", value: 143.5, unit: "FPS", minimum: 0, maximum: 200 },
        ...{ sourceId: 0x50, localName: "Bildrate", localUnit: "B/s", format: "%.1f" },
      },
      { name: "Power", unit: "W", minimum: 0, maximum: 0, gpu: 1, sourceId: 0x60, ...texts },
    ],
    gpus: [{
      ...{ device: "Voodoo 2", family: "Family", driver: "1.0", bios: "2.0" },
      ...{ memoryKilobytes: 12_288, id: "VEN_10DE" },
    }],
  });
  const [header, entry, gpu] = [48, 1400, 1400];
  assertEquals(fieldOf(fields, "sources[3].name").offset, header + 3 * entry);
  assertEquals(fieldOf(fields, "gpus[1].id").offset, header + 4 * entry + gpu);
});

Deno.test("Assetto Corsa's physics have each of 200 numbers at its place", () => {
  const { schema, fields } = read("acpmf_physics");
  assertEquals([schema.byteLength, fields.length], [800, 200]);
  // The writer numbers all fields. A float has a half more.
  assertEquals(
    fields.map(({ offset, type, value }) => [offset, type, value]),
    fields.map(({ type }, i) => [4 * i, type, i + 1 + (type === "f32" ? 0.5 : 0)]),
  );
  const values = valuesOf(fields);
  const named = ["packetId", "gear", "speedKmh", "tyreCoreTemperature[0]", "abs", "airTemperature"];
  assertEquals(named.map((path) => values[path]), [1, 5, 8.5, 39.5, 64.5, 73.5]);
  assertEquals([values["localVelocity[2]"], values["absVibration"]], [145.5, 200.5]);
});

Deno.test("Assetto Corsa's graphics end where its two games differ", () => {
  const { schema, object, fields } = read("acpmf_graphics");
  assertEquals(schema.byteLength, 252);
  assertEquals(object, {
    packetId: 10,
    status: 2,
    session: -1,
    currentTime: "1:23:456",
    lastTime: "1:22:222",
    bestTime: "1:21:111",
    split: "0:41:000",
    completedLaps: 11,
    position: 3,
    currentTimeMs: 83_456,
    lastTimeMs: 82_222,
    bestTimeMs: 81_111,
    sessionTimeLeft: 600.5,
    distanceTravelled: 1234.5,
    isInPit: 1,
    currentSectorIndex: 2,
    lastSectorTimeMs: 41_000,
    numberOfLaps: 20,
    tyreCompound: "dry_compound",
    replayTimeMultiplier: 1,
    normalizedCarPosition: 0.625,
  });
  assertEquals(fieldOf(fields, "normalizedCarPosition").offset, 248);
});

Deno.test("Assetto Corsa's static memory has texts between numbers", () => {
  const { fields } = read("acpmf_static");
  const texts = fields.filter(({ value }) => typeof value === "string");
  assertEquals(valuesOf(texts), {
    sharedMemoryVersion: "1.9",
    gameVersion: "1.7",
    carModel: "ks_porsche",
    track: "Spa",
    playerName: "数据",
    playerSurname: "Surname",
    playerNick: "Nick",
    trackConfiguration: "Grand Prix",
    carSkin: "red",
  });
  const numbers = fields.filter(({ value }) => typeof value === "number");
  assertEquals(
    numbers.map(({ value }) => value),
    numbers.map(({ type }, i) => i + 1 + (type === "f32" ? 0.5 : 0)),
  );
  const values = valuesOf(fields);
  assertEquals([values["maxRpm"], values["penaltiesEnabled"], values["isOnline"]], [6, 17, 38]);
});

Deno.test("iRacing's variables are those of the newest buffer, whose tick is highest", () => {
  const { object, fields } = read("IRSDKMemMapFileName");
  assertEquals(object, {
    version: 2,
    status: 1,
    tickRate: 60,
    tick: 4,
    values: {
      Speed: 4,
      RideHeights: [1.5, 2.5, 3.5],
      Letters: "AB",
      Lap: 4,
      OnPitRoad: false,
      SessionTime: 8,
      SessionFlags: 0x8000_0003,
    },
    units: { Speed: "m/s", RideHeights: "m", SessionTime: "s", SessionFlags: "irsdk_Flags" },
    sessionInfoUpdate: 4,
    sessionInfo: "TrackName: Nürburg\n",
  });
  // Tick 4 is in buffer 1. The double is not at a multiple of 4.
  const { offset, type } = fieldOf(fields, "values.SessionTime");
  assertEquals([offset, type], [112 + 7 * 144 + 64 + 64 + 41, "f64"]);
});

Deno.test("AIDA64's text has fragments, whose offsets count bytes", () => {
  const { object, fields } = read("AIDA64_SensorValues");
  assertEquals(object, {
    sensors: [
      { label: "CPU Clock", kind: "sys", value: "3600", id: "SCPUCLK" },
      { label: "CPU °", kind: "temp", value: "61", id: "TCPU" },
    ],
  });
  assertEquals(fieldOf(fields, "sensors[1].value"), {
    path: "sensors[1].value",
    offset: 70 + 46,
    type: "ansi[2]",
    value: "61",
  });
});

Deno.test("rFactor 2's telemetry has each field of its vehicles at its place", () => {
  const { schema, bytes, fields, object } = read("$rFactor2SMMP_Telemetry$");
  assertEquals(schema.byteLength, 16);
  const values = valuesOf(fields);
  // The writer numbers the numbers of the first vehicle from 1, and of the second from 1001.
  for (const car of [0, 1]) {
    const numbers = fields.filter(({ path, type }) =>
      path.startsWith(`vehicles[${car}].`) && ["i32", "f32", "f64"].includes(type)
    );
    assertEquals(
      numbers.map(({ path, value }) => path === "vehicles[1].gear" ? 1030 : value),
      numbers.map(({ type }, i) => 1000 * car + i + 1 + (type === "i32" ? 0 : 0.5)),
    );
    assertEquals(numbers.length, 68 + 4 * 27);
  }
  const named = ["versionUpdateEnd", "vehicles[0].deltaTime", "vehicles[0].position.x"];
  assertEquals(named.map((path) => values[path]), [5, 2.5, 6.5]);
  const others = ["vehicle", "track", "gear", "isOverheating", "dentSeverity", "frontTyreCompound"];
  assertEquals(others.map((name) => values[`vehicles[1].${name}`]), [
    ...["vehicleName", "Nürburg", -1, true, new Uint8Array(8).fill(0xee), "frontTireCompound"],
  ]);
  assertEquals(fieldOf(fields, "vehicles[1].engineRpm").offset, 16 + 1888 + 356);
  assertEquals(fieldOf(fields, "vehicles[1].wheels[3].wear").offset, 16 + 1888 + 848 + 780 + 152);
  // The vehicles that the game does not have are not shown.
  assertEquals([object["vehicleCount"], Object(object["vehicles"]).length], [2, 2]);
  assert(!("vehicles[2].id" in values));
  assertEquals(schema.fields(bytes.slice(0, 16 + 2 * 1888)).length, fields.length);
});

Deno.test("rFactor 2's scoring has each field of its session and vehicles at its place", () => {
  const { schema, bytes, fields } = read("$rFactor2SMMP_Scoring$");
  assertEquals(schema.byteLength, 560);
  const numbersIn = (start: string) =>
    fields.filter(({ path, type }) =>
      path.startsWith(start) && ["i16", "i32", "f32", "f64"].includes(type)
    );
  const session = numbersIn("session.");
  assertEquals(
    session.map(({ path, value }) => path === "session.vehicleCount" ? 6 : value),
    session.map(({ type }, i) => i + 1 + (type === "i32" ? 0 : 0.5)),
  );
  for (const car of [0, 1]) {
    const numbers = numbersIn(`vehicles[${car}].`);
    assertEquals(
      numbers.map(({ value }) => value),
      numbers.map(({ type }, i) => 1000 * car + i + 1 + (type === "f64" ? 0.5 : 0)),
    );
    assertEquals(numbers.length, 47);
  }
  const values = valuesOf(fields);
  const named = ["track", "player", "yellowFlagState", "sectorFlags[2]", "isInRealtime"];
  assertEquals(named.map((name) => values[`session.${name}`]), [
    ...["trackName", "playerName", -1, 1, true],
  ]);
  const car = ["driver", "vehicle", "vehicleClass", "pitGroup", "isPlayer", "place"];
  assertEquals(car.map((name) => values[`vehicles[1].${name}`]), [
    ...["driverName", "vehicleName", "vehicleClass", "pitGroup", true, 1],
  ]);
  assertEquals(fieldOf(fields, "vehicles[1].id").offset, 560 + 584);
  assertEquals(schema.fields(bytes.slice(0, 560 + 2 * 584)).length, fields.length);
});

/** The names of the memories that the writer marks while it writes. */
const LOCKED = [
  ...["$rFactor2SMMP_Telemetry$", "$rFactor2SMMP_Scoring$", "GPUZShMem", "RTSSSharedMemoryV2"],
];
/** The names of the memories in which only a change shows a write. */
const TICKED = [
  ...["MumbleLink", "acpmf_physics", "acpmf_graphics", "HWiNFO_SENS_SM2", "AIDA64_SensorValues"],
];

Deno.test("A copy is not whole if the program writes before, during or after the copy", async () => {
  const isWhole = (name: string, copy: Uint8Array<ArrayBuffer>, now?: Uint8Array<ArrayBuffer>) =>
    schemaOf(name).isWhole!(copy, now);
  const names = [...LOCKED, ...TICKED, "IRSDKMemMapFileName"];
  const copies = () => new Map(names.map((name) => [name, copyNow(name)]));
  const before = copies();
  await writer.ask("begin");
  const busy = copies();
  await writer.ask("end");
  const after = copies();

  const wholes = (copy: typeof before, now?: typeof before) =>
    names.filter((name) => isWhole(name, copy.get(name)!, now?.get(name)));
  assertEquals(wholes(before), names);
  assertEquals(wholes(before, before), names);
  // A write that began during the copy shows only afterwards.
  const unlocked = names.filter((name) => !LOCKED.includes(name));
  assertEquals(wholes(before, busy), unlocked);
  assertEquals(wholes(busy), unlocked);
  assertEquals(wholes(busy, after), ["IRSDKMemMapFileName"]);
  // GPU-Z and RTSS do not tell that a write came and went, and iRacing wrote to another buffer.
  assertEquals(wholes(before, after), ["GPUZShMem", "RTSSSharedMemoryV2", "IRSDKMemMapFileName"]);
  assertEquals(wholes(after), names);
});

Deno.test("iRacing's newest buffer is overwritten after the others, and ticks can wrap", () => {
  const { schema, bytes } = read("IRSDKMemMapFileName");
  /** Returns a copy with other ticks. */
  const withTicks = (...ticks: number[]) => {
    const copy = bytes.slice();
    const data = new DataView(copy.buffer);
    ticks.forEach((tick, i) => data.setInt32(48 + 16 * i, tick, true));
    return copy;
  };
  const tickOf = (...ticks: number[]) => schema.toObject(withTicks(...ticks))["tick"];
  assertEquals(tickOf(7, 8, 6), 8);
  assertEquals(tickOf(9, 8, 7), 9);
  assertEquals(tickOf(-(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 2), -(2 ** 31));
  const copy = withTicks(7, 8, 6);
  assert(schema.isWhole!(copy, withTicks(7, 8, 9)));
  // All others are newer, so the game writes to this one now.
  assert(!schema.isWhole!(copy, withTicks(10, 8, 9)));
  assert(!schema.isWhole!(copy, withTicks(10, 11, 9)));
  // No buffer is filled yet: there are units, and no values.
  const { tick, values, units } = schema.toObject(withTicks(0, 0, 0));
  assertEquals([tick, values, Object.keys(Object(units)).length], [undefined, undefined, 4]);
  assert(schema.isWhole!(withTicks(0, 0, 0)));
});

/** Words that make a memory corrupt: the memory, the offset, the word, and the message. */
const CORRUPT: readonly (readonly [string, number, number, string])[] = [
  ["MumbleLink", 1104, 257, "its context has 257 of 256 bytes"],
  ["HWiNFO_SENS_SM2", 0, 0x1234, "it begins with 0x00001234, and not with 0x53695748"],
  ["HWiNFO_SENS_SM2", 20, 4000, "2 sensors: 656 bytes at 4000 of 4096"],
  ["HWiNFO_SENS_SM2", 24, 263, "its sensors have 263 bytes each, and not at least 264"],
  ["HWiNFO_SENS_SM2", 28, 0xffff_ffff, "it has 4294967295 sensors, more than 65536"],
  ["HWiNFO_SENS_SM2", 28, 65_536, "65536 sensors: 25689984 bytes at 48 of 4096"],
  ["HWiNFO_SENS_SM2", 36, 0, "its readings have 0 bytes each, and not at least 316"],
  ["CoreTempMappingObject", 1536, 129, "it has 2 processors with 129 cores each"],
  ["CoreTempMappingObjectEx", 1540, 0xffff_ffff, "it has 4294967295 processors with 2 cores each"],
  ["RTSSSharedMemoryV2", 4, 0x3_0000, "its version is 196608, and not 2.x"],
  ["RTSSSharedMemoryV2", 8, 283, "its programs have 283 bytes each, and not at least 284"],
  ["RTSSSharedMemoryV2", 28, 12, "12 on-screen texts: 62200 bytes at 64 of 61440"],
  ["MAHMSharedMemory", 8, 31, "its header has 31 bytes, not 32"],
  ["MAHMSharedMemory", 16, 1320, "its sources have 1320 bytes each, and not at least 1324"],
  ["MAHMSharedMemory", 24, 5, "5 graphics cards: 6904 bytes at 5648 of 12288"],
  ["IRSDKMemMapFileName", 24, 0xffff_ffff, "-1 variables: -144 bytes at 112 of 4096"],
  ["IRSDKMemMapFileName", 32, 5, "it has 5 buffers, and not 1 to 4"],
  ["IRSDKMemMapFileName", 36, 2 ** 18 + 1, "its buffers have 262145 bytes, not up to 262144"],
  ["IRSDKMemMapFileName", 36, 40, "1 values of OnPitRoad at 40 are not in a buffer of 40 bytes"],
  ["IRSDKMemMapFileName", 48 + 16 + 4, 4090, "the newest buffer: 64 bytes at 4090 of 4096"],
  ["IRSDKMemMapFileName", 112, 6, 'it has a variable "Speed" of type 6'],
  ["IRSDKMemMapFileName", 112 + 16, 0x1b, 'it has a variable "\\u001b" of type 4'],
  ["IRSDKMemMapFileName", 112 + 8, 16, "its variables take more than a buffer"],
  ["IRSDKMemMapFileName", 16, 5000, "the session: 5000 bytes at 1120 of 4096"],
  ["$rFactor2SMMP_Telemetry$", 12, 129, "it has 129 vehicles, more than 128"],
  ["$rFactor2SMMP_Scoring$", 12 + 104, 0xffff_ffff, "it has 4294967295 vehicles, more than 128"],
];

Deno.test("Corrupt headers are refused with the reason", () => {
  for (const [name, offset, word, why] of CORRUPT) {
    const schema = schemaOf(name);
    const bytes = copyOf(name);
    new DataView(bytes.buffer).setUint32(offset, word, true);
    for (const use of [() => schema.fields(bytes), () => schema.toObject(bytes)]) {
      const { message } = assertThrows(use, Deno.errors.InvalidData, undefined, why);
      assertEquals(message, `The memory of ${schema.name} is corrupt: ${why}`);
    }
  }
});

Deno.test("Memory that its program does not use yet, or not any more, is said to be so", () => {
  const signatures: readonly (readonly [string, number])[] = [
    ["HWiNFO_SENS_SM2", 0x4445_4144],
    ["RTSSSharedMemoryV2", 0xdead],
    ["MAHMSharedMemory", 0xdead],
  ];
  for (const [name, signature] of signatures) {
    const schema = schemaOf(name);
    const bytes = copyOf(name);
    const messageFor = (word: number) => {
      new DataView(bytes.buffer).setUint32(0, word, true);
      return assertThrows(() => schema.fields(bytes), Deno.errors.InvalidData).message;
    };
    assertEquals(
      messageFor(signature),
      `The memory of ${schema.name} is not in use any more: the program has ended, or has ` +
        "switched its shared memory off",
    );
    assertEquals(messageFor(0), `${schema.name} has not written its memory yet`);
  }
  const empty = new Uint8Array(4096);
  assertThrows(
    () => schemaOf("IRSDKMemMapFileName").fields(empty),
    Deno.errors.InvalidData,
    "iRacing has not written its memory yet",
  );
  assertEquals(schemaOf("AIDA64_SensorValues").toObject(empty), { sensors: [] });
  const text = new TextEncoder().encode("<temp><id>TCPU</id><label>CPU</label></temp>");
  assertThrows(
    () => schemaOf("AIDA64_SensorValues").fields(text),
    Deno.errors.InvalidData,
    "The memory of AIDA64 is corrupt: its text has no sensors",
  );
});

/** The time for one use of a schema in milliseconds, on a machine that does other things, too. */
const BOUND = 2000;

/** Uses all of a schema on bytes, which can be corrupt. Returns whether the schema accepted them. */
function isAccepted(schema: Schema, bytes: Uint8Array<ArrayBuffer>): boolean {
  const start = performance.now();
  const what = `${schema.name}, ${bytes.length} bytes`;
  try {
    for (const { path, offset, value } of schema.fields(bytes)) {
      const length = value instanceof Uint8Array ? value.length : 0;
      assert(offset >= 0 && offset + length <= bytes.length, `${what}: ${path} is at ${offset}`);
    }
    toJson(schema.toObject(bytes));
    schema.isWhole?.(bytes);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData) return false;
    throw new Error(what, { cause: error });
  } finally {
    const time = performance.now() - start;
    assert(time < BOUND, `${what}: took ${time} ms`);
  }
}

Deno.test("Truncated memory is refused as invalid, or read up to its end", () => {
  const random = new Random(20_261_130);
  for (const name of NAMES.filter((name) => !name.includes(" "))) {
    const schema = schemaOf(name);
    const bytes = copyOf(name);
    const { byteLength } = schema;
    assert(isAccepted(schema, bytes), name);
    assert(!isAccepted(schema, bytes.slice(0, byteLength - 1)), name);
    assert(!isAccepted(schema, new Uint8Array(0)), name);
    for (let i = 0; i < 30; i++) isAccepted(schema, bytes.slice(0, random.below(bytes.length)));
  }
});

Deno.test("Random words in a memory and random memories are read, or refused as invalid", () => {
  const random = new Random(1_130_2026);
  const accepted = new Set<string>();
  const refused = new Set<string>();
  for (const name of NAMES.filter((name) => !name.includes(" "))) {
    const schema = schemaOf(name);
    const original = copyOf(name);
    const words = [
      0,
      1,
      5,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32 - 1,
      original.length,
      original.length - 8,
    ];
    for (let round = 0; round < 150; round++) {
      const bytes = original.slice();
      const data = new DataView(bytes.buffer);
      // Most words are in the header, where they hurt.
      const end = [bytes.length, 160, 48][round % 3]!;
      for (let i = 0; i < 1 + round % 4; i++) {
        const word = words[random.below(2 * words.length)] ?? random.below(2 ** 32);
        data.setUint32(random.below(end / 4 - 1) * 4, word, true);
      }
      (isAccepted(schema, bytes) ? accepted : refused).add(name);
    }
    for (let round = 0; round < 5; round++) {
      const bytes = new Uint8Array(4 * random.below(original.length / 4));
      for (let i = 0; i < bytes.length; i += 1 + random.below(3)) bytes[i] = random.below(256);
      isAccepted(schema, bytes);
    }
  }
  assertEquals(accepted, new Set(NAMES.filter((name) => !name.includes(" "))));
  // The other memories have no counts and offsets in their first bytes.
  const headers = ["AIDA64_SensorValues", "HWiNFO_SENS_SM2", "IRSDKMemMapFileName"];
  const others = ["MAHMSharedMemory", "RTSSSharedMemoryV2", "$rFactor2SMMP_Telemetry$"];
  assertEquals(refused, new Set([...headers, ...others, "$rFactor2SMMP_Scoring$"]));
});

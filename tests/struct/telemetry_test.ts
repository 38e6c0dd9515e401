/**
 * Reads the telemetry of ten programs, which a program in C writes at the offsets of their public
 * headers.
 *
 * @module
 */

import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import {
  ansi,
  array,
  type MappedView,
  readConsistent,
  readNewest,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  struct,
} from "../../mod.ts";
import { type Bits, compileC, type Compiled } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import * as afterburner from "../../src/cli/schema/shipped/afterburner.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { soon } from "../support/soon.ts";
import * as aida64 from "./telemetry/aida64.ts";
import * as assettoCorsa from "../../src/cli/schema/shipped/assetto_corsa.ts";
import * as coreTemp from "../../src/cli/schema/shipped/core_temp.ts";
import * as gpuZ from "../../src/cli/schema/shipped/gpu_z.ts";
import * as hwinfo from "../../src/cli/schema/shipped/hwinfo.ts";
import { buffersOf, valueOf } from "./telemetry/iracing.ts";
import { Header, Variable } from "../../src/cli/schema/shipped/iracing.ts";
import * as mumble from "../../src/cli/schema/shipped/mumble_link.ts";
import * as rfactor2 from "./telemetry/rfactor2.ts";
import { Vehicle } from "../../src/cli/schema/shipped/rfactor2.ts";
import * as rtss from "../../src/cli/schema/shipped/rtss.ts";

/** The reader's side of a telemetry writer. */
interface Telemetry {
  name: string;
  writer: Peer;
  view: MappedView;
}

/** Compiles the writer once for all tests. */
const compiled = new Map<Bits, Promise<Compiled>>();

Deno.test.afterAll(async () => {
  for (const program of compiled.values()) await (await program)[Symbol.asyncDispose]();
});

/** Starts the writer of a program's telemetry, and opens its memory to read. */
async function withTelemetry(
  bits: Bits,
  program: string,
  read: (telemetry: Telemetry) => void | Promise<void>,
): Promise<void> {
  const source = peerUrl("struct/telemetry/peers/telemetry_writer.c");
  const { path } = await compiled.getOrInsertComputed(bits, () => compileC(source, { bits }));
  const name = randomName();
  await using writer = await Peer.startProgram(path, program, name);
  using memory = SharedMemory.open(name);
  using view = memory.map();
  await read({ name, writer, view });
}

/** Time for a reader among busy writers, in milliseconds. */
const LONG = 60_000 * SLOWNESS;

peers.test("struct() describes MumbleLink", async (bits) => {
  assertEquals(mumble.LinkedMemory.byteLength, 5460);
  await withTelemetry(bits, "mumble", ({ view }) => {
    const { context, ...rest } = mumble.LinkedMemory.read(view);
    assertEquals(rest, {
      uiVersion: 2,
      uiTick: 77,
      avatarPosition: Float32Array.of(1.5, 2.5, 3.5),
      avatarFront: Float32Array.of(4.5, 5.5, 6.5),
      avatarTop: Float32Array.of(7.5, 8.5, 9.5),
      name: "Rennen über Land",
      cameraPosition: Float32Array.of(10.5, 11.5, 12.5),
      cameraFront: Float32Array.of(13.5, 14.5, 15.5),
      cameraTop: Float32Array.of(16.5, 17.5, 18.5),
      identity: '{"driver":7}',
      contextLength: 3,
      description: "A game",
    });
    assertEquals(context.slice(0, 4), Uint8Array.of(200, 201, 202, 0));
  });
});

peers.test("struct() describes HWiNFO, with the sizes that its header gives", async (bits) => {
  assertEquals([hwinfo.Header, hwinfo.Sensor, hwinfo.Reading].map(sizeOf), [48, 264, 316]);
  await withTelemetry(bits, "hwinfo", async ({ name, view }) => {
    using mutex = SharedMutex.open(`${name}.mutex`);
    using _ = await mutex.lock(soon);
    const header = hwinfo.Header.read(view);
    assertEquals([header.signature, header.version, header.revision], [hwinfo.SIGNATURE, 2, 1]);
    assertEquals([header.pollTime, header.pollingPeriod], [1_700_000_000_123n, 2000]);
    const sensors = hwinfo.Sensor.array(view, {
      offset: header.sensorsOffset,
      stride: header.sensorSize,
      count: header.sensorCount,
    });
    assertEquals(sensors.values(), [
      { id: 0xf000_0100, instance: 0, originalName: "CPU", name: "My CPU" },
      { id: 0xf000_0101, instance: 1, originalName: "GPU", name: "My GPU" },
    ]);
    const readings = hwinfo.Reading.array(view, {
      offset: header.readingsOffset,
      stride: header.readingSize,
      count: header.readingCount,
    });
    assertEquals(readings.values().map(({ value }) => value), [40.25, 50.25, 60.25]);
    assertEquals(readings.values()[2], {
      type: 1,
      sensorIndex: 1,
      id: 0x100_0002,
      originalLabel: "Temperature",
      label: "Heat",
      unit: "°C",
      value: 60.25,
      minimum: 61.25,
      maximum: 62.25,
      average: 63.25,
    });
  });
});

peers.test("readConsistent() reads GPU-Z while it is not busy", async (bits) => {
  assertEquals(gpuZ.Memory.byteLength, 200_204);
  await withTelemetry(bits, "gpu_z", async ({ writer, view }) => {
    const read = () => readConsistent(view, gpuZ.Memory, { sequence: "busy" }, { attempts: 10 });
    const { version, lastUpdate, data, sensors } = read()!;
    assertEquals([version, lastUpdate], [1, 123_456]);
    assertEquals(data.filter(({ key }) => key !== ""), [
      { key: "CardName", value: "Voodoo 2" },
      { key: "Memory", value: "12 MB" },
    ]);
    assertEquals(sensors.filter(({ name }) => name !== ""), [
      { name: "Core Clock", unit: "MHz", digits: 0, value: 90.25 },
      { name: "Temperature", unit: "°C", digits: 1, value: 61.5 },
    ]);
    await writer.ask("busy");
    assertEquals(read(), undefined);
    await writer.ask("idle");
    assertEquals(read()?.version, 1);
  });
});

peers.test("struct() describes Core Temp", async (bits) => {
  assertEquals(coreTemp.Ex.byteLength, 4740);
  await withTelemetry(bits, "core_temp", async ({ name, view }) => {
    using mutex = SharedMutex.open(`${name}.mutex`);
    using _ = await mutex.lock(soon);
    const { load, tjMax, temperature, tdp, power, multipliers, ...rest } = coreTemp.Ex.read(
      view,
    );
    assertEquals(load.slice(0, 5), Uint32Array.of(10, 11, 12, 13, 0));
    assertEquals(temperature.slice(0, 5), Float32Array.of(50.5, 51.5, 52.5, 53.5, 0));
    assertEquals([tjMax[0], tdp[0], power[0], multipliers[0]], [100, 65, 33.5, 36]);
    assertEquals(rest, {
      coreCount: 4,
      cpuCount: 1,
      vid: 1.25,
      cpuSpeed: 3600,
      fsbSpeed: 100,
      multiplier: 36,
      cpuName: "A processor",
      fahrenheit: false,
      deltaToTjMax: true,
      tdpSupported: false,
      powerSupported: true,
      structVersion: 2,
    });
  });
});

peers.test("struct() describes RTSS, with the sizes that its header gives", async (bits) => {
  await withTelemetry(bits, "rtss", ({ view }) => {
    const header = rtss.Header.read(view);
    assertEquals([header.signature, header.version, header.osdFrame, header.busy], [
      rtss.SIGNATURE,
      0x2_0015,
      5,
      0,
    ]);
    const apps = rtss.App.array(view, {
      offset: header.appsOffset,
      stride: header.appSize,
      count: header.appCount,
    });
    assertEquals(apps.values().filter(({ processId }) => processId !== 0), [{
      processId: 4242,
      name: "C:\\Games\\race.exe",
      flags: 1,
      time0: 10_000,
      time1: 11_000,
      frames: 144,
      frameTime: 6944,
    }]);
    const texts = rtss.Osd.array(view, {
      offset: header.osdsOffset,
      stride: header.osdSize,
      count: header.osdCount,
    });
    const expected = [{ text: "", owner: "" }, { text: "60 FPS", owner: "Some overlay" }];
    assertEquals(texts.values(), expected);
  });
});

peers.test("struct() describes MSI Afterburner, with a time of 32 bits", async (bits) => {
  const sizes = [afterburner.Header, afterburner.Source, afterburner.Gpu].map(sizeOf);
  assertEquals(sizes, [32, 1324, 1304]);
  await withTelemetry(bits, "afterburner", ({ view }) => {
    const header = afterburner.Header.read(view);
    assertEquals([header.signature, header.time], [afterburner.SIGNATURE, 4_000_000_000]);
    const entries = afterburner.Source.array(view, {
      offset: header.headerSize,
      stride: header.entrySize,
      count: header.entryCount,
    });
    const common = { localName: "Wert", localUnit: "Einheit", format: "%.0f", minimum: 0 };
    assertEquals(entries.values(), [
      {
        ...{ ...common, name: "GPU temperature", unit: "°C", value: 61.25, maximum: 100 },
        ...{ flags: 4, gpu: 0, sourceId: 0 },
      },
      {
        ...{ ...common, name: "Framerate", unit: "FPS", value: 143.5, maximum: 100 },
        ...{ flags: 4, gpu: 0xffff_ffff, sourceId: 0x50 },
      },
    ]);
    const end = header.headerSize + header.entryCount * header.entrySize;
    const { id, memoryKilobytes } = afterburner.Gpu.read(view, end);
    assertEquals([id, memoryKilobytes], ["VEN_10DE", 8192]);
  });
});

peers.test("ansi.read() reads the text of AIDA64", async (bits) => {
  await withTelemetry(bits, "aida64", ({ view }) => {
    assertEquals([...aida64.sensorsIn(ansi.read(view))], [
      { kind: "sys", id: "SCPUCLK", label: "CPU Clock", value: "3600" },
      { kind: "temp", id: "TCPU", label: "CPU °", value: "61" },
    ]);
  });
});

peers.test("struct() describes Assetto Corsa", async (bits) => {
  await withTelemetry(bits, "assetto_corsa", ({ view }) => {
    const physics = assettoCorsa.Physics.read(view);
    const [gas, brake, fuelLitres, steerAngle, speedKmh] = [0.75, 0.25, 40.5, -0.5, 201.5];
    assertObjectMatch(physics, {
      ...{ packetId: 9, gas, brake, fuelLitres, gear: 4, rpm: 7200, steerAngle, speedKmh },
      velocity: Float32Array.of(1, 2, 3),
      accelerationG: Float32Array.of(4, 5, 6),
      wheelSlip: Float32Array.of(7, 8, 9, 10),
    });
    assertObjectMatch(assettoCorsa.Graphics.read(view, 4096), {
      packetId: 10,
      status: 2,
      session: 1,
      currentTime: "1:23:456",
      lastTime: "1:22:222",
      completedLaps: 11,
      position: 3,
      currentTimeMs: 83_456,
      normalizedCarPosition: 0.625,
    });
    assertObjectMatch(assettoCorsa.Static.read(view, 8192), {
      sharedMemoryVersion: "1.9",
      gameVersion: "1.7",
      numberOfSessions: 1,
      numberOfCars: 20,
      carModel: "ks_porsche",
      track: "Spa",
      playerName: "数据",
    });
  });
});

peers.test("readNewest() reads the variables of iRacing, which its header describes", async (bits) => {
  assertEquals([Header, Variable].map(sizeOf), [112, 144]);
  await withTelemetry(bits, "iracing", ({ view }) => {
    const header = Header.read(view);
    assertEquals([header.version, header.status, header.tickRate], [2, 1, 60]);
    const session = view.bytes.subarray(header.sessionInfoOffset);
    assertEquals(ansi.read(session.subarray(0, header.sessionInfoLength)), "TrackId: 7\n");
    const variables = Variable.array(view, {
      offset: header.variablesOffset,
      count: header.variableCount,
    }).values();
    assertEquals(variables.map(({ unit }) => unit), ["m/s", "", "", "s"]);
    const newest = readNewest(view, header.bufferLength, buffersOf(header))!;
    const values = variables.map((variable) => [
      variable.name,
      valueOf(variable, newest.bytes),
    ]);
    assertEquals([newest.tick, Object.fromEntries(values)], [6, {
      Speed: 6,
      Lap: 6,
      OnPitRoad: false,
      SessionTime: 12,
    }]);
  });
});

peers.test("readConsistent() reads rFactor 2, whose doubles are not aligned", async (bits) => {
  const Telemetry = rfactor2.telemetryOf(128);
  assertEquals([Vehicle.byteLength, Telemetry.byteLength], [1888, 16 + 128 * 1888]);
  await withTelemetry(bits, "rfactor2", async ({ writer, view }) => {
    const read = (attempts: number) => readConsistent(view, Telemetry, rfactor2.LOCK, { attempts });
    const { vehicleCount, vehicles } = read(1)!;
    assertEquals(vehicleCount, 2);
    assertObjectMatch(vehicles[1]!, {
      id: 31,
      deltaTime: 0.02,
      elapsedTime: 101.5,
      lapNumber: 3,
      lapStart: 90.25,
      vehicle: "Niki",
      track: "Nürburg",
      position: { x: 0.5, y: 1.5, z: 2.5 },
      localVelocity: { x: 10.5, y: 11.5, z: 12.5 },
      gear: -1,
      engineRpm: 7200.5,
      fuelLitres: 40.25,
      wheels: [1.5, 2.5, 3.5, 4.5].map((suspensionDeflection) => ({ suspensionDeflection })),
    });
    await writer.ask("busy");
    assertEquals(read(100), undefined);
    await writer.ask("idle");
    assertEquals(read(1)?.vehicleCount, 2);
  });
});

peers.test("readConsistent() reads no torn value in 100,000 reads while a C program keeps writing", async (bits) => {
  const at = (path: string) => rfactor2.telemetryOf(1).offsetOf(`vehicles[0].${path}`);
  // Only numbers, so that the reader copies often.
  const Numbers = struct({
    versionUpdateBegin: "u32",
    versionUpdateEnd: "u32",
    deltaTime: { type: "f64", offset: at("deltaTime") },
    elapsedTime: "f64",
    position: { type: array("f64", 3), offset: at("position") },
    velocity: array("f64", 3),
    engineRpm: { type: "f64", offset: at("engineRpm") },
    fuel: { type: "f64", offset: at("fuelLitres") },
  }, { pack: 4 });
  await withTelemetry(bits, "rfactor2", async ({ writer, view }) => {
    await writer.ask("spin");
    const seen = new Set<number>();
    const start = performance.now();
    let [reads, missed, torn] = [0, 0, 0];
    while (reads < 100_000 || seen.size < 100) {
      if (reads % 1000 === 0) {
        assert(performance.now() - start < LONG, `${seen.size} values seen`);
      }
      const value = readConsistent(view, Numbers, rfactor2.LOCK);
      reads++;
      if (value === undefined) {
        missed++;
        continue;
      }
      const { deltaTime, elapsedTime, position, velocity, engineRpm, fuel } = value;
      // Before its first round, the writer has written other values.
      if (value.versionUpdateBegin === 5) {
        continue;
      }
      seen.add(fuel);
      const all = [deltaTime, elapsedTime, ...position, ...velocity, engineRpm];
      if (all.some((number) => number !== fuel)) torn++;
    }
    assertEquals(torn, 0);
    assert(missed < reads / 2, `${missed} of ${reads} reads found no value`);
  });
});

peers.test("readNewest() reads no torn buffer while a C program fills four in turn", async (bits) => {
  await withTelemetry(bits, "iracing", async ({ name, writer, view }) => {
    const header = Header.read(view);
    const buffers = buffersOf(header);
    using event = SharedEvent.open(`${name}.event`, { access: "wait" });
    await writer.ask("spin");
    await event.wait(soon);
    const seen = new Set<number>();
    const start = performance.now();
    let [reads, torn] = [0, 0];
    while (reads < 100_000 || seen.size < 100) {
      if (reads % 1000 === 0) assert(performance.now() - start < LONG, `${seen.size} values seen`);
      const newest = readNewest(view, header.bufferLength, buffers);
      reads++;
      if (newest === undefined) continue;
      const { tick, bytes } = newest;
      seen.add(tick);
      const [speed, lap, time] = [[4, 0], [2, 36], [5, 41]].map(([type, offset]) =>
        valueOf({ type: type!, offset: offset! }, bytes)
      );
      if (speed !== Math.fround(tick) || lap !== tick || time !== tick * 2) torn++;
    }
    assertEquals(torn, 0);
  });
});

peers.test("SharedMutex.lock() keeps out a C program that writes under HWiNFO's mutex", async (bits) => {
  await withTelemetry(bits, "hwinfo", async ({ name, writer, view }) => {
    const { readingsOffset: offset, readingSize: stride, readingCount: count } = hwinfo.Header
      .read(
        view,
      );
    const readings = hwinfo.Reading.array(view, { offset, stride, count });
    using mutex = SharedMutex.open(`${name}.mutex`);
    await writer.ask("spin");
    const seen = new Set<number>();
    for (let locks = 0; locks < 200 || seen.size < 20; locks++) {
      using _ = await mutex.lock(soon);
      const [first, ...others] = readings.values().map(({ value }) => value);
      assertEquals(others, [first, first]);
      seen.add(first!);
    }
  });
});

function sizeOf({ byteLength }: { readonly byteLength: number }): number {
  return byteLength;
}

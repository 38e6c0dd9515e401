/**
 * Measures access to a field by a struct's view, compared with a hand-written `DataView`.
 *
 * @module
 */

import { array, SharedMemory, struct, utf16 } from "../mod.ts";

/** Number of accesses in one iteration, because one access alone is too short to be timed. */
const TIMES = 1_000_000;

const Telemetry = struct({
  version: "u32",
  speed: "f64",
  position: array("f32", 3),
  pit: struct({ lane: "u8", seconds: "f32" }),
  frame: "u64",
  track: utf16(32),
});

const memory = SharedMemory.anonymous(Telemetry.byteLength);
const mapped = memory.map();
globalThis.addEventListener("unload", () => {
  mapped.close();
  memory.close();
});
const view = Telemetry.view(mapped.bytes);
const data = new DataView(mapped.buffer, mapped.bytes.byteOffset);
const [SPEED, SECONDS, POSITION, VERSION, FRAME] = [
  Telemetry.offsetOf("speed"),
  Telemetry.offsetOf("pit.seconds"),
  Telemetry.offsetOf("position"),
  Telemetry.offsetOf("version"),
  Telemetry.offsetOf("frame"),
];

/** Uses a result, because V8 would not compute an unused one. */
function keep(result: number | bigint): void {
  if (Number.isNaN(Number(result))) throw new Error("The sum is not a number");
}

Deno.bench("DataView: a double, a million times", { group: "double", baseline: true }, () => {
  let sum = 0;
  for (let i = 0; i < TIMES; i++) sum += data.getFloat64(SPEED, true);
  keep(sum);
});

Deno.bench("struct: a double, a million times", { group: "double" }, () => {
  let sum = 0;
  for (let i = 0; i < TIMES; i++) sum += view.speed;
  keep(sum);
});

Deno.bench("DataView: a nested float", { group: "nested", baseline: true }, () => {
  let sum = 0;
  for (let i = 0; i < TIMES; i++) sum += data.getFloat32(SECONDS, true);
  keep(sum);
});

Deno.bench("struct: a nested float", { group: "nested" }, () => {
  let sum = 0;
  for (let i = 0; i < TIMES; i++) sum += view.pit.seconds;
  keep(sum);
});

Deno.bench("DataView: an element", { group: "element", baseline: true }, () => {
  let sum = 0;
  for (let i = 0; i < TIMES; i++) sum += data.getFloat32(POSITION + (i & 1) * 4, true);
  keep(sum);
});

Deno.bench("struct: an element", { group: "element" }, () => {
  let sum = 0;
  for (let i = 0; i < TIMES; i++) sum += view.position.get(i & 1);
  keep(sum);
});

Deno.bench("DataView: a 64-bit integer", { group: "bigint", baseline: true }, () => {
  let sum = 0n;
  for (let i = 0; i < TIMES; i++) sum += data.getBigUint64(FRAME, true);
  keep(sum);
});

Deno.bench("struct: a 64-bit integer", { group: "bigint" }, () => {
  let sum = 0n;
  for (let i = 0; i < TIMES; i++) sum += view.frame;
  keep(sum);
});

Deno.bench("DataView: a write", { group: "write", baseline: true }, () => {
  for (let i = 0; i < TIMES; i++) data.setUint32(VERSION, i, true);
});

Deno.bench("struct: a write, checked", { group: "write" }, () => {
  for (let i = 0; i < TIMES; i++) view.version = i;
});

Deno.bench("Layout.read(), once", () => {
  Telemetry.read(mapped.bytes);
});

Deno.bench("Layout.view(), once", () => {
  Telemetry.view(mapped.bytes);
});

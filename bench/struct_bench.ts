/**
 * Measures access to a field by a struct's view, compared with a hand-written `DataView`; large
 * arrays, compared with a copy of the same bytes; and copies of memory that a program writes.
 *
 * @module
 */

import { array, bytes, readConsistent, readNewest, SharedMemory, struct, utf16 } from "../mod.ts";

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

const { version } = Telemetry.counters(mapped);

Deno.bench("Layout.counters(): add, a million times", () => {
  for (let i = 0; i < TIMES; i++) version.add(1);
});

Deno.bench("Layout.read(), once", () => {
  Telemetry.read(mapped.bytes);
});

Deno.bench("Layout.view(), once", () => {
  Telemetry.view(mapped.bytes);
});

for (const [size, byteLength] of [["256 KiB", 2 ** 18], ["8 MiB", 2 ** 23]] as const) {
  for (const [where, pack] of [["aligned", 8], ["unaligned", 1]] as const) {
    const Frame = struct({ tag: "u8", values: array("f32", byteLength / 4) }, { pack });
    const Raw = struct({ tag: "u8", values: bytes(byteLength) }, { pack });
    const room = SharedMemory.anonymous(Frame.byteLength + 8);
    const { bytes: target } = room.map();
    const offset = Frame.offsetOf("values");
    const frame = Frame.view(target);
    const raw = Raw.view(target);
    const values = new Float32Array(byteLength / 4).fill(0.5);
    const source = new Uint8Array(values.buffer);
    const plain = Array.from(values);
    const write = `write ${size}, ${where}`;
    const read = `read ${size}, ${where}`;

    Deno.bench(`Uint8Array.set(): ${write}`, { group: write, baseline: true }, () => {
      target.set(source, offset);
    });
    Deno.bench(`Layout.write(): ${write}`, { group: write }, () => {
      Frame.write(target, { values });
    });
    Deno.bench(`ArrayView.set(): ${write}`, { group: write }, () => {
      frame.values.set(values);
    });
    Deno.bench(`bytes() assigned: ${write}`, { group: write }, () => {
      raw.values = source;
    });
    Deno.bench(`Layout.write(), plain array: ${write}`, { group: write }, () => {
      Frame.write(target, { values: plain });
    });

    Deno.bench(`Uint8Array.slice(): ${read}`, { group: read, baseline: true }, () => {
      target.slice(offset, offset + byteLength);
    });
    Deno.bench(`Layout.read(): ${read}`, { group: read }, () => {
      Frame.read(target);
    });
    Deno.bench(`ArrayView.values(): ${read}`, { group: read }, () => {
      frame.values.values();
    });
    Deno.bench(`Layout.read(), bytes(): ${read}`, { group: read }, () => {
      Raw.read(target);
    });
  }
}

for (const byteLength of [1024, 2 ** 18]) {
  const Locked = struct({ begin: "u32", end: "u32", content: bytes(byteLength - 8) });
  const room = SharedMemory.anonymous(2 * byteLength);
  const view = room.map();
  const buffers = [{ tick: 0, byteOffset: 8 }, { tick: 4, byteOffset: byteLength }];
  new Int32Array(view.buffer)[0] = 1;
  const group = `whole copy of ${byteLength} bytes`;

  Deno.bench(`Layout.read(): ${group}`, { group, baseline: true }, () => {
    Locked.read(view);
  });
  Deno.bench(`readConsistent(): ${group}`, { group }, () => {
    readConsistent(view, Locked, { sequence: "end" });
  });
  Deno.bench(`readNewest(): ${group}`, { group }, () => {
    readNewest(view, byteLength, buffers);
  });
}

{
  const group = "messages in one memory, a million times";
  const SLOTS = 1000;
  const Flat = struct({ price: "f64", size: "u32" });
  const messages = new DataView(new ArrayBuffer(SLOTS * Flat.byteLength));
  const viewAt = Flat.messageViews(messages, "benchmark");

  Deno.bench(`DataView: a double of ${group}`, { group, baseline: true }, () => {
    let sum = 0;
    for (let i = 0; i < TIMES; i++) {
      sum += messages.getFloat64((i % SLOTS) * Flat.byteLength, true);
    }
    keep(sum);
  });

  Deno.bench(`struct: a double of ${group}, by a view that moves`, { group }, () => {
    let sum = 0;
    for (let i = 0; i < TIMES; i++) {
      sum += viewAt((i % SLOTS) * Flat.byteLength, Flat.byteLength).price;
    }
    keep(sum);
  });
}

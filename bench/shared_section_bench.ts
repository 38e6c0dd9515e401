/**
 * Measures creating, loading and accessing variables in a DLL, compared with shared memory.
 *
 * @module
 */

import { buildSharedSection, inspectImage, SharedMemory, SharedSection } from "../mod.ts";

const TIMES = 1_000_000;
const variables = { counter: "i32", ratio: "f64" } as const;
const image = buildSharedSection({ variables });
const folder = Deno.makeTempDirSync({ prefix: "winipc-" });
const path = `${folder}\\shared.dll`;
Deno.writeFileSync(path, image);
const section = SharedSection.load(path, { exports: variables });
const memory = SharedMemory.anonymous(4096);
const view = memory.map();
globalThis.addEventListener("unload", () => {
  section.close();
  view.close();
  memory.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.bench("buildSharedSection()", () => {
  buildSharedSection({ variables });
});

Deno.bench("inspectImage() of that image", () => {
  inspectImage(image);
});

Deno.bench("SharedSection.load() and close()", () => {
  SharedSection.load(path, { exports: variables }).close();
});

const { counters, variables: fields } = section;
const cell = new Int32Array(view.buffer, 0, 1);

Deno.bench("Atomics.add, a million times", { group: "add", baseline: true }, () => {
  for (let i = 0; i < TIMES; i++) Atomics.add(cell, 0, 1);
});

Deno.bench("Counter.add(), a million times", { group: "add" }, () => {
  for (let i = 0; i < TIMES; i++) counters.counter.add(1);
});

const data = new DataView(view.buffer);

Deno.bench("DataView, a million times", { group: "write", baseline: true }, () => {
  for (let i = 0; i < TIMES; i++) data.setFloat64(8, i, true);
});

Deno.bench("SharedSection.variables, a million times", { group: "write" }, () => {
  for (let i = 0; i < TIMES; i++) fields.ratio = i;
});

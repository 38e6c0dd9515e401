// Task: test:faults

import { assertLess } from "@std/assert";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import {
  MEMORY_BASIC_INFORMATION_SIZE,
  readMemoryBasicInformation,
} from "../../ffi/win32/types.ts";
import { type MappedView, SharedMemory } from "../../mod.ts";
import { openLibrary } from "../support/open_library.ts";
import { randomName } from "../support/random_name.ts";

const ROUNDS = 500;

/** Opens and closes memory in every way, with and without an error. */
function round(name: string, path: string): void {
  using memory = SharedMemory.openOrCreate(name, 100_000, {
    initialize: (view) => view.bytes[0] = 1,
  });
  using view = memory.map();
  using tail = memory.map({ offset: 70_001, access: "copy" });
  tail.bytes[0] = view.bytes[0]!;
  using reader = SharedMemory.open(name, { owner: "self" });
  reader.map().close();
  using reserved = SharedMemory.anonymous(2 ** 30, { reserve: true });
  reserved.map({ byteLength: 1 }).close();
  using file = SharedMemory.fromFile(path, { access: "readwrite" });
  using page = file.map();
  page.flush();
  for (
    const failing of [
      () => SharedMemory.create(name, 1),
      () => SharedMemory.create(randomName(), 1, { security: "D:(A;;GA;;;nobody)" }),
      () => SharedMemory.open(randomName()),
      () => SharedMemory.openOrCreate(name, 2 ** 40),
      () => SharedMemory.openOrCreate(randomName(), 1, { initialize: fail }),
      () => SharedMemory.fromFile(path, { byteLength: 2 ** 40 }),
      () => SharedMemory.fromHandle(memory.unsafeHandle),
    ]
  ) {
    try {
      failing().close();
    } catch {
      continue;
    }
    throw new Error(`Expected ${failing} to throw`);
  }
}

function fail(_view: MappedView): void {
  throw new Error("on purpose");
}

/**
 * Counts the open handles of the process by trying all values, because Wine's GetProcessHandleCount
 * always returns 0.
 */
function openHandles(): number {
  using library = openLibrary("kernel32.dll", {
    GetHandleInformation: { parameters: ["usize", "buffer"], result: "i32" },
  });
  const flags = new Uint32Array(1);
  let count = 0;
  for (let value = 4n; value < 65_536n; value += 4n) {
    if (library.symbols.GetHandleInformation(value, flags)) count++;
  }
  return count;
}

/** Counts the regions of the process's addresses that are views of sections. */
function mappedRegions(): number {
  const MEM_MAPPED = 0x40000;
  const struct = new DataView(new ArrayBuffer(MEMORY_BASIC_INFORMATION_SIZE));
  let count = 0;
  for (let at = 65_536n;;) {
    const pointer = Deno.UnsafePointer.create(at);
    if (!kernel32().VirtualQuery(pointer, struct, BigInt(struct.byteLength))) return count;
    const { regionSize, type } = readMemoryBasicInformation(struct);
    if (type === MEM_MAPPED) count++;
    at += BigInt(regionSize);
  }
}

Deno.test("SharedMemory leaves no handle and no view behind after 500 rounds of opening and closing", () => {
  const path = Deno.makeTempFileSync({ prefix: "winipc-" });
  try {
    Deno.writeTextFileSync(path, "a page of a file");
    const name = randomName();
    round(name, path);
    const before = { handles: openHandles(), regions: mappedRegions() };
    for (let i = 0; i < ROUNDS; i++) round(name, path);
    // Deno itself may open a few handles during the rounds. A leak in each round adds 500.
    assertLess(openHandles() - before.handles, ROUNDS / 10, "handles");
    assertLess(mappedRegions() - before.regions, ROUNDS / 10, "views");
  } finally {
    Deno.removeSync(path);
  }
});

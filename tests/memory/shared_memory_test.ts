import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Handle } from "../../ffi/handle.ts";
import { Win32Error } from "../../ffi/error.ts";
import { encodeWide } from "../../ffi/wide.ts";
import { SharedMemory } from "../../mod.ts";
import { openLibrary } from "../support/open_library.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

Deno.test("SharedMemory.create() creates zero-filled memory that another process can open", async () => {
  const name = randomName();
  using memory = SharedMemory.create(name, 100_000);
  using view = memory.map();
  assertEquals(memory.name, `Local\\${name}`);
  assertEquals(memory.byteLength, 100_000);
  assert(memory.created);
  assert(view.bytes.every((byte) => byte === 0));

  await using peer = await Peer.start("support/peers/memory_commands.ts");
  // Windows rounds the size up to whole pages.
  assertEquals(await peer.ask(`open ${name} readwrite`), "102400");
  assertEquals(await peer.ask("map 0 100000"), "100000");
  view.bytes[99_999] = 42;
  assertEquals(await peer.ask("read 99999"), "42");
  assertEquals(await peer.ask("write 7 123"), "written");
  assertEquals(view.bytes[7], 123);
});

Deno.test("SharedMemory.create() refuses a name that another process holds", async () => {
  const name = randomName();
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  assertEquals(await peer.ask(`create ${name} 4096`), "4096");
  const error = assertThrows(
    () => SharedMemory.create(name, 8192),
    Deno.errors.AlreadyExists,
    `Cannot create shared memory "Local\\${name}"`,
  );
  assertInstanceOf(error.cause, Win32Error);
  assertEquals([error.cause.api, error.cause.code], ["CreateFileMappingW", 183]);
});

Deno.test("SharedMemory.create() refuses a name that a mutex holds", () => {
  const name = randomName();
  using _mutex = holdMutex(name);
  assertThrows(
    () => SharedMemory.create(name, 1),
    Deno.errors.AlreadyExists,
    "an object of another kind",
  );
});

Deno.test("SharedMemory.create() refuses the name of memory that nobody can open", () => {
  const name = randomName();
  using _memory = SharedMemory.create(name, 1, { security: "D:P" });
  assertThrows(() => SharedMemory.create(name, 1), Deno.errors.AlreadyExists);
  assertThrows(() => SharedMemory.open(name), Deno.errors.PermissionDenied);
});

Deno.test("SharedMemory exists for as long as a process holds a handle of it", async () => {
  const name = randomName();
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  assertEquals(await peer.ask(`create ${name} 4096`), "4096");
  SharedMemory.open(name).close();
  assertEquals(await peer.ask("close"), "closed");
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
});

Deno.test("SharedMemory disappears when the only process that holds it is killed", async () => {
  const name = randomName();
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  assertEquals(await peer.ask(`create ${name} 4096`), "4096");
  peer.kill();
  await peer.gone();
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
});

Deno.test("SharedMemory.open() throws NotFound if no object has the name", () => {
  const error = assertThrows(() => SharedMemory.open(randomName()), Deno.errors.NotFound);
  assertInstanceOf(error.cause, Win32Error);
  assertEquals([error.cause.api, error.cause.code], ["OpenFileMappingW", 2]);
});

Deno.test("SharedMemory.open() throws InvalidData for a name that a mutex holds", () => {
  const name = randomName();
  using _mutex = holdMutex(name);
  assertThrows(() => SharedMemory.open(name), Deno.errors.InvalidData, "of another kind");
});

Deno.test("SharedMemory.open() opens memory for reading by default", () => {
  const name = randomName();
  using _memory = SharedMemory.create(name, 1);
  using reader = SharedMemory.open(name);
  assertEquals([reader.access, reader.created, reader.byteLength], ["read", false, 4096]);
  assertThrows(
    () => reader.map({ access: "readwrite" }),
    Deno.errors.PermissionDenied,
    'it was opened with { access: "read" }',
  );
});

Deno.test("SharedMemory.open() finds the size of memory whose descriptor grants only reading", () => {
  const name = randomName();
  // The mask grants FILE_MAP_READ without SECTION_QUERY, as another program can choose.
  using _memory = SharedMemory.create(name, 100_000, { security: "D:P(A;;0x4;;;WD)" });
  using reader = SharedMemory.open(name);
  assertEquals(reader.byteLength, 102_400);
});

Deno.test("SharedMemory.open() accepts names that begin with Local\\", () => {
  const name = randomName();
  using _memory = SharedMemory.create(`Local\\${name}`, 1);
  SharedMemory.open(name).close();
});

Deno.test("SharedMemory.create() creates Global\\ memory, or throws PermissionDenied with a hint", () => {
  const name = `Global\\${randomName()}`;
  try {
    using memory = SharedMemory.create(name, 1);
    assertEquals(memory.name, name);
    SharedMemory.open(name).close();
  } catch (error) {
    // Windows requires SeCreateGlobalPrivilege, which an ordinary user does not have. Wine does
    // not.
    assertInstanceOf(error, Deno.errors.PermissionDenied);
    assertStringIncludes(error.message, "elevated programs");
  }
});

Deno.test("SharedMemory.openOrCreate() sets created to whether it created the memory", () => {
  const name = randomName();
  using first = SharedMemory.openOrCreate(name, 5000);
  using second = SharedMemory.openOrCreate(name, 5000);
  assertEquals([first.created, first.byteLength], [true, 5000]);
  assertEquals([second.created, second.byteLength], [false, 8192]);
  assertEquals(second.access, "readwrite");
});

Deno.test("SharedMemory.openOrCreate() refuses existing memory that is too small", () => {
  const name = randomName();
  using _memory = SharedMemory.create(name, 4096);
  assertThrows(
    () => SharedMemory.openOrCreate(name, 4097),
    Deno.errors.InvalidData,
    "has 4096 bytes, fewer than the expected 4097",
  );
});

Deno.test("SharedMemory.waitFor() opens memory that another process creates later", async () => {
  const name = randomName();
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  const waiting = SharedMemory.waitFor(name, { access: "readwrite", ...soon });
  // The first attempt to open the memory has failed before the peer creates it.
  assertEquals(await peer.ask(`create ${name} 4096`), "4096");
  using memory = await waiting;
  assertEquals([memory.created, memory.access], [false, "readwrite"]);
});

Deno.test("SharedMemory.waitFor() throws TimedOut after the timeout", async () => {
  const name = randomName();
  await assertRejects(
    () => SharedMemory.waitFor(name, { timeout: 30 }),
    Deno.errors.TimedOut,
    `Waited 30 ms for shared memory "Local\\${name}"`,
  );
});

Deno.test("SharedMemory.waitFor() rejects with the signal's reason", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = SharedMemory.waitFor(randomName(), { signal: controller.signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  const aborted = SharedMemory.waitFor(randomName(), { signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => aborted), reason);
});

Deno.test("SharedMemory.waitFor() throws InvalidData at once if another kind of object has the name", async () => {
  const name = randomName();
  using _mutex = holdMutex(name);
  await assertRejects(() => SharedMemory.waitFor(name), Deno.errors.InvalidData);
});

Deno.test("SharedMemory.anonymous() has no name", () => {
  using memory = SharedMemory.anonymous(10);
  using view = memory.map();
  assertEquals([memory.name, memory.created, view.byteLength], [undefined, true, 10]);
});

Deno.test("SharedMemory.map() maps a small part past 4 GiB", async () => {
  const name = randomName();
  const offset = 2 ** 32 + 2 ** 31 + 12_345;
  using memory = SharedMemory.create(name, 2 ** 33);
  using view = memory.map({ offset, byteLength: 64 });
  view.bytes[63] = 200;
  using low = memory.map({ offset: offset % 2 ** 32, byteLength: 64 });
  assertEquals(low.bytes[63], 0);

  await using peer = await Peer.start("support/peers/memory_commands.ts");
  assertEquals(await peer.ask(`open ${name} read`), `${2 ** 33}`);
  assertEquals(await peer.ask(`map ${offset + 63} 1`), "1");
  assertEquals(await peer.ask("read 0"), "200");
});

Deno.test("SharedMemory loses no atomic addition of two processes", async () => {
  const name = randomName();
  using memory = SharedMemory.create(name, 4096);
  using view = memory.map();
  await using one = await Peer.start("support/peers/memory_commands.ts");
  await using two = await Peer.start("support/peers/memory_commands.ts");
  for (const peer of [one, two]) {
    await peer.ask(`open ${name} readwrite`);
    await peer.ask("map 0 4096");
  }
  await Promise.all([one.ask("count 500000"), two.ask("count 500000")]);
  assertEquals(new Int32Array(view.buffer)[0], 1_000_000);
});

Deno.test("SharedMemory.anonymous() throws Win32Error if the system does not have enough memory", () => {
  const error = assertThrows(() => SharedMemory.anonymous(2 ** 52), Win32Error);
  // The error is 1450, 1455 or 87 under Windows, and 8 under Wine.
  assert([8, 87, 1450, 1455].includes(error.code), `code ${error.code}`);
});

Deno.test("SharedMemory.close() can be called twice, leaves views open, and makes methods throw BadResource", () => {
  const name = randomName();
  const memory = SharedMemory.create(name, 16);
  using view = memory.map();
  memory.close();
  memory.close();
  assert(memory.closed);
  const message = `The shared memory "Local\\${name}" is closed`;
  assertThrows(() => memory.map(), Deno.errors.BadResource, message);
  assertThrows(() => memory.unsafeHandle, Deno.errors.BadResource, message);
  view.bytes[3] = 9;
  assertEquals(view.bytes[3], 9);
  // A view keeps the memory but not its name, so no process can open the memory any more.
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
});

Deno.test("SharedMemory with { inheritable: true } has an inheritable handle", () => {
  const HANDLE_FLAG_INHERIT = 1;
  for (const inheritable of [true, false]) {
    const name = randomName();
    using created = SharedMemory.create(name, 1, { inheritable });
    using opened = SharedMemory.open(name, { inheritable });
    for (const memory of [created, opened]) {
      assertEquals(handleFlags(memory.unsafeHandle), inheritable ? HANDLE_FLAG_INHERIT : 0);
    }
  }
});

/** Returns the flags of a handle, by a Win32 function that the module itself does not use. */
function handleFlags(handle: bigint): number {
  using library = openLibrary("kernel32.dll", {
    GetHandleInformation: { parameters: ["usize", "buffer"], result: "i32" },
  });
  const flags = new Uint32Array(1);
  assert(library.symbols.GetHandleInformation(handle, flags));
  return flags[0]!;
}

function holdMutex(name: string): Handle {
  using library = openLibrary("kernel32.dll", {
    CreateMutexW: { parameters: ["pointer", "i32", "buffer"], result: "usize" },
  });
  return new Handle(library.symbols.CreateMutexW(null, 0, encodeWide(`Local\\${name}`)), "mutex");
}

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Handle } from "../../ffi/handle.ts";
import { kernel32, kernelbase } from "../../ffi/win32/kernel32.ts";
import { SharedMemory } from "../../mod.ts";
import { openLibrary } from "../support/open_library.ts";

/** Returns a handle of shared memory that no object of this script owns. */
function foreignHandle(memory: SharedMemory, access: number): bigint {
  const out = new BigUint64Array(1);
  const { DuplicateHandle, GetCurrentProcess } = kernel32();
  const self = GetCurrentProcess();
  assert(DuplicateHandle(self, memory.unsafeHandle, self, out, access, 0, 0));
  return out[0]!;
}

function isOpen(handle: bigint): boolean {
  const out = new BigUint64Array(1);
  const { CloseHandle, DuplicateHandle, GetCurrentProcess } = kernel32();
  const self = GetCurrentProcess();
  return DuplicateHandle(self, handle, self, out, 0, 0, 2) !== 0 && CloseHandle(out[0]!) !== 0;
}

Deno.test("SharedMemory.fromHandle() takes over a handle and closes it", () => {
  using memory = SharedMemory.anonymous(5000);
  using view = memory.map();
  view.bytes[4999] = 8;
  const handle = foreignHandle(memory, 0x7);
  // Another thread can get the value after the close, so the object is compared.
  const isOfMemory = () => kernelbase().CompareObjectHandles(handle, memory.unsafeHandle) !== 0;
  {
    using adopted = SharedMemory.fromHandle(handle);
    using other = adopted.map();
    assertEquals([adopted.access, adopted.byteLength], ["readwrite", 8192]);
    assertEquals(other.bytes[4999], 8);
    assert(isOfMemory());
  }
  assert(!isOfMemory());
});

Deno.test("SharedMemory.fromHandle() has the access that the handle grants", () => {
  using memory = SharedMemory.anonymous(5000);
  using reader = SharedMemory.fromHandle(Number(foreignHandle(memory, 0x4)));
  assertEquals([reader.access, reader.byteLength], ["read", 8192]);
  assertThrows(() => reader.map({ access: "readwrite" }), Deno.errors.PermissionDenied);
});

Deno.test("SharedMemory.fromHandle() refuses values that are not handles of sections", () => {
  using memory = SharedMemory.anonymous(1);
  using event = new Handle(createEvent(), "event");
  for (const handle of [-1n, -1, 0, 0n, -6n, 3, 2n ** 32n, 2n ** 64n - 1n, 0x7ffffffcn]) {
    assertThrows(() => SharedMemory.fromHandle(handle), Deno.errors.BadResource);
  }
  assertThrows(
    () => SharedMemory.fromHandle(event.value),
    Deno.errors.BadResource,
    'of kind "Event"',
  );
  // The kernel ignores the low two bits, so 4n + 1 is an alias of 4n.
  assertThrows(() => SharedMemory.fromHandle(memory.unsafeHandle + 1n), Deno.errors.BadResource);
  for (const wrong of [1.5, NaN, "4", undefined, null, {}]) {
    // @ts-expect-error: what the type checker refuses is refused at run time too
    assertThrows(() => SharedMemory.fromHandle(wrong), TypeError, "Expected a handle value");
  }
  assert(isOpen(event.value) && isOpen(memory.unsafeHandle));
});

Deno.test("SharedMemory.fromHandle() refuses a handle that this script owns", () => {
  using memory = SharedMemory.anonymous(1);
  assertThrows(
    () => SharedMemory.fromHandle(memory.unsafeHandle),
    Deno.errors.BadResource,
    "owns it already",
  );
});

Deno.test("SharedMemory.fromHandle() refuses a handle without the right to read, and leaves it open", () => {
  using memory = SharedMemory.anonymous(1);
  using handle = new ForeignHandle(foreignHandle(memory, 0x1));
  assertThrows(() => SharedMemory.fromHandle(handle.value), Deno.errors.PermissionDenied);
  assert(isOpen(handle.value));
});

Deno.test("SharedMemory.fromHandle() refuses an image section", () => {
  const SEC_IMAGE = 0x1000000;
  const { CreateFileMappingW, CreateFileW } = kernel32();
  const path = new Uint16Array([...Deno.execPath(), "\0"].map((unit) => unit.charCodeAt(0)));
  using file = new Handle(CreateFileW(path, 0x80000000, 7, null, 3, 0, 0n), "file");
  const section = CreateFileMappingW(file.value, null, 0x2 | SEC_IMAGE, 0, 0, null);
  using handle = new ForeignHandle(section);
  assertThrows(
    () => SharedMemory.fromHandle(handle.value),
    Deno.errors.InvalidData,
    "it is an image section",
  );
});

/** Closes a handle at the end of a block, without an object that owns it. */
class ForeignHandle implements Disposable {
  constructor(readonly value: bigint) {}
  [Symbol.dispose](): void {
    kernel32().CloseHandle(this.value);
  }
}

function createEvent(): bigint {
  using library = openLibrary("kernel32.dll", {
    CreateEventW: { parameters: ["pointer", "i32", "i32", "pointer"], result: "usize" },
  });
  return library.symbols.CreateEventW(null, 0, 0, null);
}

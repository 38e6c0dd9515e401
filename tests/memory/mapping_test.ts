import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FILE_MAP_READ, FILE_MAP_WRITE, Mapping } from "../../src/memory/mapping.ts";
import { SharedMemory } from "../../mod.ts";
import { Win32Error } from "../../ffi/error.ts";

const READ_WRITE = FILE_MAP_READ | FILE_MAP_WRITE;

/** Maps a part of reserved memory, as another process would, and checks whether it is committed. */
function look(memory: SharedMemory, offset: number, byteLength: number): boolean {
  using mapping = new Mapping(memory.unsafeHandle, FILE_MAP_READ, { offset, byteLength }, "Look");
  return mapping.isCommitted();
}

Deno.test("Mapping.isCommitted() is true only if all pages of the mapping are committed", () => {
  using memory = SharedMemory.anonymous(2 ** 24, { reserve: true });
  assertFalse(look(memory, 0, 4096));
  using mapping = new Mapping(memory.unsafeHandle, READ_WRITE, undefined, "Map");
  assertEquals(mapping.byteLength, 2 ** 24);
  assertFalse(mapping.isCommitted());
  mapping.commit(4097, "Commit");
  assert(look(memory, 0, 8192));
  assertFalse(look(memory, 0, 8193));
});

Deno.test("SharedMemory.map() commits only the pages of its part of reserved memory", () => {
  using memory = SharedMemory.anonymous(2 ** 33, { reserve: true });
  for (const access of ["readwrite", "read", "copy"] as const) {
    const offset = 2 ** 32 + { readwrite: 0, read: 2 ** 20, copy: 2 ** 21 }[access];
    using view = memory.map({ offset: offset + 70_000, byteLength: 100, access });
    // The buffer begins at a multiple of 64 KiB, and every page under it is committed.
    assertEquals(view.buffer.byteLength, 70_000 - 65_536 + 100);
    assert(look(memory, offset + 65_536, view.buffer.byteLength), access);
    assertFalse(look(memory, offset, 65_536), access);
    assertFalse(look(memory, offset + 65_536, view.buffer.byteLength + 4096), access);
  }
});

Deno.test("Mapping refuses a range outside the section", () => {
  using memory = SharedMemory.anonymous(4096);
  const range = { offset: 65_536, byteLength: 1 };
  const error = assertThrows(
    () => new Mapping(memory.unsafeHandle, READ_WRITE, range, "Cannot map it"),
    Error,
    "Cannot map it: MapViewOfFile failed with error",
  );
  const cause = error instanceof Win32Error ? error : error.cause;
  assert(cause instanceof Win32Error && cause.api === "MapViewOfFile");
});

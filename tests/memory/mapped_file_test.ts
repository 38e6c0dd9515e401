import { assert, assertEquals, assertThrows } from "@std/assert";
import { SharedMemory } from "../../mod.ts";

/** Creates a file that is deleted at the end of the test. */
function temporaryFile(content: string | Uint8Array) {
  const path = Deno.makeTempFileSync({ prefix: "winipc-" });
  if (typeof content === "string") Deno.writeTextFileSync(path, content);
  else Deno.writeFileSync(path, content);
  return { path, [Symbol.dispose]: () => Deno.removeSync(path) };
}

Deno.test("SharedMemory.fromFile() maps exactly the bytes of a file", () => {
  using file = temporaryFile("hello, file");
  using memory = SharedMemory.fromFile(file.path);
  using view = memory.map();
  assertEquals([memory.access, memory.byteLength, memory.created], ["read", 11, false]);
  assertEquals(new TextDecoder().decode(view.bytes.slice()), "hello, file");
});

Deno.test("SharedMemory.fromFile() accepts a file: URL", () => {
  using file = temporaryFile("by URL");
  const url = new URL(`file:///${file.path.replaceAll("\\", "/")}`);
  using memory = SharedMemory.fromFile(url);
  assertEquals(memory.byteLength, 6);
  assertThrows(
    () => SharedMemory.fromFile(new URL("https://example.com/a")),
    TypeError,
    "file: URL",
  );
});

Deno.test("SharedMemory.fromFile() accepts the longest path of Windows, and refuses a longer path", () => {
  using file = temporaryFile("far away");
  const longest = file.path.replace("\\", "\\.".repeat((32_766 - file.path.length) / 2) + "\\");
  using memory = SharedMemory.fromFile(longest);
  assertEquals(memory.byteLength, 8);
  // These lengths, cut to 16 bits, are the length of an existing file's path.
  for (const prefix of ["", "\\\\?\\"]) {
    const path = `${prefix}${file.path}${"x".repeat(32_768)}`;
    assertThrows(() => SharedMemory.fromFile(path), RangeError, "path to have at most 32766");
  }
});

Deno.test('SharedMemory.fromFile() with access "read" never changes the file', () => {
  using file = temporaryFile("unchanged");
  using memory = SharedMemory.fromFile(file.path);
  using view = memory.map();
  view.bytes.fill(0);
  view.flush();
  assertEquals(Deno.readTextFileSync(file.path), "unchanged");
  assertThrows(() => memory.map({ access: "readwrite" }), Deno.errors.PermissionDenied);
});

Deno.test("SharedMemory.fromFile() writes to the file", () => {
  using file = temporaryFile("write here");
  using memory = SharedMemory.fromFile(file.path, { access: "readwrite" });
  const view = memory.map({ offset: 6 });
  // The view needs the file for flush(), even after the memory is closed.
  memory.close();
  view.bytes.set(new TextEncoder().encode("HERE"));
  view.flush();
  assertEquals(Deno.readTextFileSync(file.path), "write HERE");
  view.close();
  // The file can be deleted, because no handle of it is open any more.
  Deno.truncateSync(file.path, 0);
});

Deno.test('SharedMemory.fromFile() with access "readwrite" extends a file that is too short', () => {
  using file = temporaryFile("short");
  using memory = SharedMemory.fromFile(file.path, { access: "readwrite", byteLength: 100_000 });
  using view = memory.map();
  assertEquals([memory.byteLength, view.byteLength], [100_000, 100_000]);
  assertEquals(Deno.statSync(file.path).size, 100_000);
});

Deno.test("SharedMemory.fromFile() with a byteLength maps the beginning of a file", () => {
  using file = temporaryFile(new Uint8Array(70_000).fill(1));
  using memory = SharedMemory.fromFile(file.path, { byteLength: 65_537 });
  using view = memory.map({ offset: 65_536 });
  assertEquals(view.bytes, Uint8Array.of(1));
});

Deno.test("SharedMemory.fromFile() throws an error of its own class for each kind of unsuitable file", () => {
  using file = temporaryFile("eleven byte");
  using empty = temporaryFile("");
  const { path } = file;
  assertThrows(() => SharedMemory.fromFile(`${path}.none`), Deno.errors.NotFound, path);
  assertThrows(() => SharedMemory.fromFile(`${path}\\none`), Deno.errors.NotFound);
  assertThrows(
    () => SharedMemory.fromFile(path.replace(/\\[^\\]*$/, "")),
    Deno.errors.PermissionDenied,
  );
  assertThrows(() => SharedMemory.fromFile("NUL"), Deno.errors.InvalidData, "not a file on a disk");
  assertThrows(() => SharedMemory.fromFile(empty.path), Deno.errors.InvalidData, "it is empty");
  assertThrows(
    () => SharedMemory.fromFile(path, { byteLength: 12 }),
    RangeError,
    "Cannot map 12 bytes",
  );
  for (const byteLength of [0, -1, 1.5, NaN]) {
    assertThrows(() => SharedMemory.fromFile(path, { byteLength }), RangeError, "byteLength");
  }
  // The file can be deleted, because no failed attempt keeps a handle of it.
  Deno.truncateSync(path, 0);
  assert(Deno.statSync(path).size === 0);
});

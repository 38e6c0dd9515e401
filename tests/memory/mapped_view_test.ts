import { assert, assertEquals, assertThrows } from "@std/assert";
import { type MappedView, SharedMemory, type ViewAccess } from "../../mod.ts";
import { privateBufferOf } from "../../src/memory/mapped_view.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";

Deno.test("MappedView.bytes are the memory itself", () => {
  using memory = SharedMemory.anonymous(4096);
  using one = memory.map();
  using two = memory.map();
  one.bytes.set([1, 2, 3], 4000);
  assertEquals(two.bytes.slice(4000, 4003), Uint8Array.of(1, 2, 3));
  assertEquals(one.bytes, one.bytes);
  assertEquals([one.access, one.byteLength, one.closed], ["readwrite", 4096, false]);
});

Deno.test("MappedView can begin at any byte, and its buffer is aligned", () => {
  using memory = SharedMemory.anonymous(300_000);
  using whole = memory.map();
  for (const offset of [0, 1, 7, 4096, 65_535, 65_536, 65_537, 200_003]) {
    using view = memory.map({ offset, byteLength: 5 });
    whole.bytes[offset + 4] = offset % 251;
    assertEquals(view.bytes.length, 5);
    assertEquals(view.bytes[4], offset % 251, `offset ${offset}`);
    assertEquals(view.bytes.byteOffset, offset % 65_536);
    assertEquals(view.bytes.buffer, view.buffer);
    // The buffer is aligned for the widest type at every offset of the view.
    whole.bytes[offset - (offset % 65_536)] = 77;
    assertEquals(new BigUint64Array(view.buffer, 0, 0).byteOffset, 0);
    assertEquals(new Uint8Array(view.buffer)[0], 77);
  }
});

Deno.test("MappedView extends to the memory's end by default", () => {
  using memory = SharedMemory.anonymous(70_000);
  using view = memory.map({ offset: 69_999 });
  assertEquals(view.byteLength, 1);
});

Deno.test("SharedMemory.map() refuses parts outside the memory", () => {
  using memory = SharedMemory.anonymous(100);
  const wrong: { offset?: unknown; byteLength?: unknown; error: typeof RangeError }[] = [
    ...[-1, 100, 0.5, NaN, Infinity, 2 ** 53].map((offset) => ({ offset, error: RangeError })),
    ...[0, -1, 101, 0.5, NaN, Infinity].map((byteLength) => ({ byteLength, error: RangeError })),
    { offset: 99, byteLength: 2, error: RangeError },
    ...["0", 0n, null, {}].map((offset) => ({ offset, error: TypeError })),
    ...["1", 1n, null].map((byteLength) => ({ byteLength, error: TypeError })),
  ];
  for (const { error, ...options } of wrong) {
    // deno-lint-ignore no-explicit-any -- the type checker refuses some of these values too
    assertThrows(() => memory.map(options as any), error, "Expected");
  }
});

Deno.test("SharedMemory.map() refuses an invalid access", () => {
  using memory = SharedMemory.anonymous(100);
  assertThrows(
    () => memory.map({ access: "write" as ViewAccess }),
    TypeError,
    'Expected access to be one of "read", "readwrite", "copy", got "write"',
  );
});

for (const access of ["read", "copy"] as const) {
  Deno.test(`MappedView with access "${access}" keeps writes private`, async () => {
    const name = randomName();
    using memory = SharedMemory.create(name, 8192);
    using shared = memory.map();
    using view = memory.map({ access });
    await using peer = await Peer.start("support/peers/memory_commands.ts");
    await peer.ask(`open ${name} readwrite`);
    await peer.ask("map 0 8192");

    // A page follows the writes of other views until it is written to.
    await peer.ask("write 0 1");
    assertEquals(view.bytes[0], 1);
    view.bytes[0] = 2;
    assertEquals([view.bytes[0], shared.bytes[0]], [2, 1]);
    assertEquals(await peer.ask("read 0"), "1");
    await peer.ask("write 1 9");
    assertEquals(view.bytes[1], 0); // the same page: private now
    await peer.ask("write 4096 9");
    assertEquals(view.bytes[4096], 9); // another page: still shared
  });
}

Deno.test('MappedView of memory with access "read" survives a write', () => {
  const name = randomName();
  using _memory = SharedMemory.create(name, 4096);
  using reader = SharedMemory.open(name, { access: "read" });
  using view = reader.map();
  assertEquals(view.access, "read");
  view.bytes.fill(1);
  Atomics.add(new Int32Array(view.buffer), 0, 1);
  using other = reader.map();
  assertEquals(other.bytes[0], 0);
});

Deno.test("MappedView.close() detaches every array and can be called twice", () => {
  using memory = SharedMemory.anonymous(4096);
  const view = memory.map();
  const { bytes, buffer } = view;
  const numbers = new Float64Array(buffer, 8, 4);
  const data = new DataView(buffer);
  view.close();
  view.close();
  assertEquals([bytes.length, numbers.length, buffer.byteLength], [0, 0, 0]);
  assert(buffer.detached && view.closed);
  assertEquals(bytes[0], undefined);
  bytes[0] = 1; // The array is detached, so this has no effect.
  assertThrows(() => data.getUint8(0), TypeError);
  const uses: ((view: MappedView) => unknown)[] = [
    ({ bytes }) => bytes,
    ({ buffer }) => buffer,
    ({ byteLength }) => byteLength,
    (view) => view.flush(),
  ];
  for (const use of uses) {
    assertThrows(() => use(view), Deno.errors.BadResource, "The view of anonymous shared memory");
  }
});

Deno.test("MappedView.close() does not change other views of the memory", () => {
  using memory = SharedMemory.anonymous(4096);
  using one = memory.map();
  memory.map().close();
  one.bytes[0] = 5;
  assertEquals(one.bytes[0], 5);
});

Deno.test("MappedView.close() leaves the memory mapped if the buffer was transferred away", () => {
  const transfers: ((buffer: ArrayBuffer) => ArrayBuffer)[] = [
    (buffer) => buffer.transfer(),
    (buffer) => structuredClone(buffer, { transfer: [buffer] }),
  ];
  for (const transfer of transfers) {
    using memory = SharedMemory.anonymous(4096);
    const view = memory.map();
    view.bytes[9] = 9;
    const elsewhere = new Uint8Array(transfer(view.buffer));
    assertThrows(() => view.close(), Deno.errors.Busy, "its ArrayBuffer was transferred away");
    view.close();
    assert(view.closed);
    // This does not fault: the new owner of the buffer can still access the memory.
    assertEquals(elsewhere[9], 9);
  }
});

Deno.test("MappedView of 8 GiB of reserved memory commits only its own part", () => {
  using memory = SharedMemory.anonymous(2 ** 33, { reserve: true });
  using view = memory.map({ offset: 2 ** 32 + 5, byteLength: 100_000 });
  view.bytes.fill(7);
  using copy = memory.map({ offset: 2 ** 32 + 5, byteLength: 100_000, access: "copy" });
  assertEquals([copy.bytes[0], copy.bytes[99_999]], [7, 7]);
});

Deno.test("SharedMemory.map() of reserved memory for reading throws until a writer has mapped the part", async () => {
  const name = randomName();
  using memory = SharedMemory.create(name, 2 ** 30, { reserve: true });
  using view = memory.map({ offset: 65_536, byteLength: 65_536 });
  view.bytes[0] = 3;
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  assertEquals(await peer.ask(`open ${name} read`), `${2 ** 30}`);
  // Windows ends a process that accesses a page that is not committed. Wine shows zeros.
  assertEquals(await peer.ask("map 0 65536"), "error NotFound");
  assertEquals(await peer.ask("map 65536 65537"), "error NotFound");
  assertEquals(await peer.ask("map 65536 65536"), "65536");
  assertEquals(await peer.ask("read 0"), "3");
});

Deno.test("privateBufferOf() returns the same bytes even after the buffer was transferred away", () => {
  using memory = SharedMemory.anonymous(200_000);
  const view = memory.map({ offset: 70_000, byteLength: 100 });
  const own = new Uint8Array(privateBufferOf(view), view.bytes.byteOffset);
  assertEquals([own.buffer === view.buffer, own.length], [false, 100]);
  view.bytes[3] = 3;
  const elsewhere = new Uint8Array(view.buffer.transfer());
  own[4] = 4;
  assertEquals([own[3], elsewhere[70_000 % 65_536 + 4]], [3, 4]);
  assertThrows(() => view.close(), Deno.errors.Busy, "transferred away");
  assertEquals([own.length, own.buffer.detached, view.closed], [0, true, true]);
  assertThrows(() => privateBufferOf(view), Deno.errors.BadResource);
});

Deno.test("MappedView.close() detaches private buffers too", () => {
  using memory = SharedMemory.anonymous(4096);
  const view = memory.map();
  const buffers = [privateBufferOf(view), privateBufferOf(view), view.buffer];
  view.close();
  assertEquals(buffers.map(({ detached }) => detached), [true, true, true]);
});

Deno.test("SharedMemory.close() frees the name even while a view is open", () => {
  const name = randomName();
  const memory = SharedMemory.create(name, 4096);
  using view = memory.map();
  SharedMemory.open(name).close();
  memory.close();
  // Windows keeps the section for its views, but keeps the name only for its handles.
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
  view.bytes[0] = 1;
  assertEquals(view.bytes[0], 1);
});

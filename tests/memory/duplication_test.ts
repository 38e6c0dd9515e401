import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { openProcess, takeHandle } from "../../ffi/process_thread.ts";
import { SharedMemory } from "../../mod.ts";
import { type Bits, compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { Peer } from "../support/peer.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";

/** Checks whether a process has a handle with this value. */
function hasHandle(pid: number, value: bigint): boolean {
  using process = openProcess(pid);
  try {
    takeHandle(process, value, "handle").close();
    return true;
  } catch {
    return false;
  }
}

/** Starts a process that, unlike Deno, does not open and close handles all the time. */
async function startQuiet(bits: Bits) {
  const program = await compileC(peerUrl("memory/peers/try_to_write.c"), { bits });
  const peer = await Peer.startProgram(program.path);
  return {
    pid: peer.pid,
    [Symbol.asyncDispose]: async () => {
      await peer[Symbol.asyncDispose]();
      await program[Symbol.asyncDispose]();
    },
  };
}

Deno.test("SharedMemory.duplicateTo() gives a running process memory without a name", async () => {
  using memory = SharedMemory.anonymous(10_000);
  using view = memory.map();
  view.bytes[9999] = 7;
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  const duplicate = memory.duplicateTo(peer.pid);
  const { pid, byteLength, access } = duplicate;
  assertEquals({ pid, byteLength, access }, {
    pid: peer.pid,
    byteLength: 10_000,
    access: "readwrite",
  });
  assertEquals(await peer.ask(`adopt ${duplicate.value}`), "12288 readwrite");
  assertEquals(await peer.ask("map 0 10000"), "10000");
  assertEquals(await peer.ask("read 9999"), "7");
  assertEquals(await peer.ask("write 0 42"), "written");
  assertEquals(view.bytes[0], 42);
  // The duplicate stays valid after this process has closed the memory.
  view.close();
  memory.close();
  assertEquals(await peer.ask("read 0"), "42");
});

Deno.test("SharedMemory.duplicateTo() grants only the named access, and never more than its own", async () => {
  using memory = SharedMemory.anonymous(4096);
  using reader = memory.toReadOnly();
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  const { value } = memory.duplicateTo(peer.pid, { access: "read" });
  assertEquals(await peer.ask(`adopt ${value}`), "4096 read");
  assertEquals(await peer.ask("map 0 4096 readwrite"), "error PermissionDenied");
  assertEquals(reader.duplicateTo(peer.pid).access, "read");
  assertThrows(
    () => reader.duplicateTo(peer.pid, { access: "readwrite" }),
    Deno.errors.PermissionDenied,
    'Cannot pass on anonymous shared memory with access "readwrite"',
  );
});

Deno.test("SharedMemory.toReadOnly() returns an object that sees writes and cannot write", () => {
  using memory = SharedMemory.anonymous(4096);
  using reader = memory.toReadOnly();
  assertEquals([reader.access, reader.byteLength, reader.created], ["read", 4096, false]);
  using view = memory.map();
  using seen = reader.map();
  view.bytes[5] = 9;
  assertEquals(seen.bytes[5], 9);
  assertThrows(() => reader.map({ access: "readwrite" }), Deno.errors.PermissionDenied);
  memory.close();
  using later = reader.map();
  assertEquals(later.bytes[5], 9);
  assertThrows(() => memory.toReadOnly(), Deno.errors.BadResource);
});

peers.test("DuplicatedMemory.revoke() closes the handle in the other process once", async (bits) => {
  using memory = SharedMemory.anonymous(4096);
  await using peer = await startQuiet(bits);
  const duplicate = memory.duplicateTo(peer.pid);
  assert(hasHandle(peer.pid, duplicate.value));
  // The handle can be revoked even after the memory is closed in this process.
  memory.close();
  assert(duplicate.revoke());
  assertFalse(hasHandle(peer.pid, duplicate.value));
  assertFalse(duplicate.revoke());
});

peers.test("DuplicatedMemory.revoke() does not close another handle that has the same value now", async (bits) => {
  using memory = SharedMemory.anonymous(4096);
  using other = SharedMemory.anonymous(4096);
  await using peer = await startQuiet(bits);
  const duplicate = memory.duplicateTo(peer.pid);
  using process = openProcess(peer.pid);
  takeHandle(process, duplicate.value, "memory", { away: true }).close();
  const second = other.duplicateTo(peer.pid);
  // Windows reuses the lowest free value.
  assertEquals(second.value, duplicate.value);
  assertFalse(duplicate.revoke());
  assert(hasHandle(peer.pid, second.value));
  assert(second.revoke());
});

Deno.test("SharedMemory.duplicateTo() throws another error for a dead process than for a protected one", async () => {
  using memory = SharedMemory.anonymous(4096);
  const peer = await Peer.start("support/peers/memory_commands.ts");
  const duplicate = memory.duplicateTo(peer.pid);
  await peer[Symbol.asyncDispose]();
  assertFalse(duplicate.revoke());
  // The process object exists for as long as any process has a handle of it.
  assertThrows(() => memory.duplicateTo(peer.pid), Deno.errors.NotFound);
  assertThrows(
    () => memory.duplicateTo(0xffff_fff0),
    Deno.errors.NotFound,
    "Cannot open process 4294967280: OpenProcess failed with error 87",
  );
  // Windows refuses to open the system process. Wine has no process with this id.
  const refused = isWine() ? Deno.errors.NotFound : Deno.errors.PermissionDenied;
  assertThrows(() => memory.duplicateTo(4), refused);
  assertThrows(() => memory.duplicateTo(-1), RangeError, "pid");
  assertThrows(
    // @ts-expect-error: what the type checker refuses is refused at run time too
    () => memory.duplicateTo(Deno.pid, { access: "all" }),
    TypeError,
    "Expected access to be one of",
  );
});

peers.test("SharedMemory.duplicateTo() and revoke() leave no handle open in either process", async (bits) => {
  using memory = SharedMemory.anonymous(4096);
  await using peer = await startQuiet(bits);
  const theirs = memory.duplicateTo(peer.pid);
  theirs.revoke();
  await assertLeavesNoHandle(500, () => {
    const duplicate = memory.duplicateTo(peer.pid);
    assertEquals(duplicate.value, theirs.value);
    assert(duplicate.revoke());
    assertThrows(() => memory.duplicateTo(0xffff_fff0), Deno.errors.NotFound);
  });
});

peers.test('SharedMemory.duplicateTo() with access "read" seals only memory without a name', async (bits) => {
  await using program = await compileC(peerUrl("memory/peers/try_to_write.c"), { bits });
  const attempt = async (memory: SharedMemory) => {
    await using peer = await Peer.startProgram(program.path);
    const { value } = memory.duplicateTo(peer.pid, { access: "read" });
    const line = await peer.ask(`${value}`);
    return Object.fromEntries(line.trim().split(" ").map((word) => word.split("=")));
  };
  using memory = SharedMemory.anonymous(4096);
  const { read, ...others } = await attempt(memory);
  assertEquals(read, "yes");
  // Under Wine an owner can always change the descriptor and the owner, against the descriptor.
  const granted = isWine() ? ["duplicate-dac", "duplicate-owner"] : [];
  for (const way of granted) delete others[way];
  assertEquals(new Set(Object.values(others)), new Set(["no"]), JSON.stringify(others));
  using named = SharedMemory.create(randomName(), 4096);
  assertEquals((await attempt(named))["duplicate-write"], "yes");
});

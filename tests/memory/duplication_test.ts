import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { openProcess, takeHandle } from "../../ffi/process_thread.ts";
import { SharedMemory } from "../../mod.ts";
import { compileC } from "../support/compile_c.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { Peer } from "../support/peer.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";

/** Whether a process has a handle of that value. */
function hasHandle(pid: number, value: bigint): boolean {
  using process = openProcess(pid);
  try {
    takeHandle(process, value, "handle").close();
    return true;
  } catch {
    return false;
  }
}

/** A process that opens and closes no handles of its own, as Deno does all the time. */
async function startQuiet() {
  const program = await compileC(peerUrl("memory/peers/try_to_write.c"));
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
  // It outlives the one who made it.
  view.close();
  memory.close();
  assertEquals(await peer.ask("read 0"), "42");
});

Deno.test("SharedMemory.duplicateTo() grants no more than is named, nor than there is", async () => {
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

Deno.test("SharedMemory.toReadOnly() sees what is written and cannot write", () => {
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

Deno.test("DuplicatedMemory.revoke() closes the handle in the other process, once", async () => {
  using memory = SharedMemory.anonymous(4096);
  await using peer = await startQuiet();
  const duplicate = memory.duplicateTo(peer.pid);
  assert(hasHandle(peer.pid, duplicate.value));
  // It can be taken back when the memory is closed here, too.
  memory.close();
  assert(duplicate.revoke());
  assertFalse(hasHandle(peer.pid, duplicate.value));
  assertFalse(duplicate.revoke());
});

Deno.test("DuplicatedMemory.revoke() closes no handle that only has the same number now", async () => {
  using memory = SharedMemory.anonymous(4096);
  using other = SharedMemory.anonymous(4096);
  await using peer = await startQuiet();
  const duplicate = memory.duplicateTo(peer.pid);
  using process = openProcess(peer.pid);
  takeHandle(process, duplicate.value, "memory", { away: true }).close();
  const second = other.duplicateTo(peer.pid);
  // The lowest number that is free is given again.
  assertEquals(second.value, duplicate.value);
  assertFalse(duplicate.revoke());
  assert(hasHandle(peer.pid, second.value));
  assert(second.revoke());
});

Deno.test("SharedMemory.duplicateTo() tells a process that is gone from one that is not to be opened", async () => {
  using memory = SharedMemory.anonymous(4096);
  const peer = await Peer.start("support/peers/memory_commands.ts");
  const duplicate = memory.duplicateTo(peer.pid);
  await peer[Symbol.asyncDispose]();
  assertFalse(duplicate.revoke());
  // Whether it is still there depends on whether anybody has a handle of it.
  assertThrows(() => memory.duplicateTo(peer.pid), Deno.errors.NotFound);
  assertThrows(
    () => memory.duplicateTo(0xffff_fff0),
    Deno.errors.NotFound,
    "Cannot open process 4294967280: OpenProcess failed with error 87",
  );
  // Windows refuses the system's own process; Wine has none of that number.
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

Deno.test("SharedMemory.duplicateTo() and revoke() leave no handle behind, here or there", async () => {
  using memory = SharedMemory.anonymous(4096);
  await using peer = await startQuiet();
  const theirs = memory.duplicateTo(peer.pid);
  theirs.revoke();
  await assertLeavesNoHandle(500, () => {
    const duplicate = memory.duplicateTo(peer.pid);
    assertEquals(duplicate.value, theirs.value);
    assert(duplicate.revoke());
    assertThrows(() => memory.duplicateTo(0xffff_fff0), Deno.errors.NotFound);
  });
});

Deno.test("SharedMemory.anonymous() that is passed on to be read is sealed; a name is not", async () => {
  await using program = await compileC(peerUrl("memory/peers/try_to_write.c"));
  const attempt = async (memory: SharedMemory) => {
    await using peer = await Peer.startProgram(program.path);
    const { value } = memory.duplicateTo(peer.pid, { access: "read" });
    const line = await peer.ask(`${value}`);
    return Object.fromEntries(line.trim().split(" ").map((word) => word.split("=")));
  };
  using memory = SharedMemory.anonymous(4096);
  const { read, ...others } = await attempt(memory);
  assertEquals(read, "yes");
  // Wine lets an owner change the descriptor and the owner, whatever the descriptor says.
  const granted = isWine() ? ["duplicate-dac", "duplicate-owner"] : [];
  for (const way of granted) delete others[way];
  assertEquals(new Set(Object.values(others)), new Set(["no"]), JSON.stringify(others));
  using named = SharedMemory.create(randomName(), 4096);
  assertEquals((await attempt(named))["duplicate-write"], "yes");
});

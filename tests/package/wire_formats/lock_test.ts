// Task: test:package
//
// Compares the tables of locks in docs/wire_formats.md with the bytes that the library writes.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { currentThread } from "../../../ffi/process_thread.ts";
import { nounOf } from "../../../ffi/kernel_object.ts";
import { sharedLock, SharedMemory, sharedReadWriteLock, struct } from "../../../mod.ts";
import { soon } from "../../support/soon.ts";
import { Lock, ReadWriteLock, tableOf, until } from "./document.ts";

const State = struct({ lock: sharedLock, pair: sharedReadWriteLock });
const { id, start } = currentThread();
const own = {
  start: Number(BigInt.asUintN(32, start / 10_000n)) || 1,
  thread: id,
};

/** Returns a mask of the documented bits of `holder`. */
function bit(name: string): number {
  const bits = tableOf("table: lock-bits").find((row) => row.name === name)!.bits!;
  return 1 << Number(bits);
}

/** Returns the documented name of an event. */
function eventName(bytes: Uint8Array<ArrayBuffer>, event: string): string {
  const at = Lock.offsetOf("event");
  const { name } = tableOf("table: lock-events").find((row) => row.event === event)!;
  return name!.replace("RANDOM", `Local\\winipc.${bytes.slice(at, at + 16).toHex()}`);
}

Deno.test("wire_formats.md describes the words of a lock, and the name of its event", async () => {
  using memory = SharedMemory.anonymous(State.byteLength);
  using view = memory.map();
  const { bytes } = view;
  const { lock } = State.view(view);
  assertEquals(sharedLock.byteLength, 32);
  assertEquals(Lock.readAll(bytes), { holder: 0, start: 0, thread: 0 });
  const held = lock.tryLock()!;
  assertEquals(Lock.readAll(bytes), { holder: Deno.pid, ...own });
  const next = lock.lock(soon);
  await until("a thread waits", () => Lock.read(bytes, "holder") === (Deno.pid | bit("waiting")));
  const name = eventName(bytes, "lock");
  assertEquals(nounOf(name), "an event");
  held.release();
  (await next).release();
  assertEquals(Lock.read(bytes, "holder"), 0);
  assertEquals(nounOf(name), undefined);
  // A holder that does not exist.
  new Uint32Array(bytes.buffer, 0, 2).set([0x7fff_fff0, 0]);
  using taken = lock.lockSync(soon);
  assert(taken.abandoned);
  const { holder, ...rest } = Lock.readAll(bytes);
  assertEquals(rest, own);
  // Whether the bit "waiting" is set depends on how soon the thread saw that the holder is dead.
  assertEquals(Number(holder) & ~bit("waiting"), Deno.pid | bit("takeover"));
});

Deno.test("wire_formats.md describes the words of a reader-writer lock", async () => {
  using memory = SharedMemory.anonymous(State.byteLength);
  using view = memory.map();
  const { pair } = State.view(view);
  const bytes = view.bytes.subarray(State.offsetOf("pair"));
  assertEquals(sharedReadWriteLock.byteLength, 432);
  const place = ReadWriteLock.offsetOf("places");
  const readers = [pair.tryLockRead()!, pair.tryLockRead()!];
  const words = new Uint32Array(bytes.slice(place, place + 24).buffer);
  const reader = [Deno.pid, own.start, own.thread];
  assertEquals([...words], [...reader, ...reader]);
  const writing = pair.lockWrite(soon);
  await until("the writer sleeps", () => ReadWriteLock.read(bytes, "sleeping") === 1);
  assertEquals(ReadWriteLock.read(bytes, "writing"), 0);
  assertEquals(nounOf(eventName(bytes, "readers")), "an event");
  for (const reader of readers) reader.release();
  const writer = await writing;
  assertEquals(ReadWriteLock.read(bytes, "writing"), 1);
  assertEquals(Lock.read(bytes, "holder"), Deno.pid);
  assertNotEquals(eventName(bytes, "readers"), eventName(bytes, "lock"));
  writer.release();
  assertEquals([ReadWriteLock.read(bytes, "writing"), Lock.read(bytes, "holder")], [0, 0]);
});

/**
 * Tests ids of processes and threads, because Windows ignores their two lowest bits.
 *
 * @module
 */

import { assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { currentThread, openProcess, openThread } from "../../ffi/process_thread.ts";
import {
  CopyDataMessage,
  findWindow,
  HANDLE_NOTICE,
  MessageWindow,
  ProcessWatch,
  receiveHandle,
  SharedEvent,
  SharedMemory,
  spawn,
} from "../../mod.ts";
import { OwnerWatch } from "../../src/channel/peer/place.ts";
import { MACHINE } from "../../src/channel/peer/windows.ts";
import { encodeNotice } from "../../src/process/handle_transfer.ts";
import { openLibrary } from "../support/open_library.ts";

const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;
/** The differences that Windows ignores in an id. */
const LOW_BITS = [1, 2, 3];

Deno.test("OpenProcess() accepts the three ids after a process's own id", () => {
  using kernel32 = openLibrary("kernel32.dll", {
    CloseHandle: { parameters: ["usize"], result: "i32" },
    GetProcessId: { parameters: ["usize"], result: "u32" },
    OpenProcess: { parameters: ["u32", "i32", "u32"], result: "usize" },
  });
  const { CloseHandle, GetProcessId, OpenProcess } = kernel32.symbols;
  for (const bits of LOW_BITS) {
    const process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, Deno.pid + bits);
    assertEquals(GetProcessId(process), Deno.pid);
    CloseHandle(process);
  }
});

Deno.test("Functions that open a process or a thread accept only its own id", async () => {
  using memory = SharedMemory.anonymous(4096);
  using event = SharedEvent.anonymous();
  await using child = spawn("cmd", { stdin: "piped", stdout: "null" });
  const opening: ((pid: number) => unknown)[] = [
    (pid) => ProcessWatch.open(pid),
    (pid) => memory.duplicateTo(pid),
    (pid) => event.duplicateTo(pid),
    (pid) => openProcess(pid),
  ];
  for (const bits of LOW_BITS) {
    for (const pid of [Deno.pid + bits, child.pid + bits]) {
      for (const open of opening) {
        const text = `Cannot open process ${pid}: there is no such process`;
        assertThrows(() => open(pid), Deno.errors.NotFound, text);
      }
    }
    const id = currentThread().id + bits;
    assertThrows(() => openThread(id), Deno.errors.NotFound, "there is no such thread");
  }
  assertThrows(() => ProcessWatch.open(0), Deno.errors.NotFound, "there is no such process");
});

Deno.test("findWindow() accepts only the process's own id", async () => {
  using window = MessageWindow.open({ procedure: () => undefined });
  assertEquals((await findWindow({ pid: Deno.pid, class: window.class })).handle, window.handle);
  for (const bits of LOW_BITS) {
    const query = { pid: Deno.pid + bits, class: window.class, timeout: 0 };
    await assertRejects(() => findWindow(query), Deno.errors.TimedOut);
  }
});

Deno.test("OwnerWatch.open() treats a place with an id that belongs to no process or thread as ended", () => {
  const { self } = MACHINE;
  using watch = OwnerWatch.open(self) as OwnerWatch;
  assertFalse(watch.hasEnded);
  // The lowest bit marks a thread.
  assertEquals(OwnerWatch.open(self + 2n), "ended");
  const { id, start } = currentThread();
  assertEquals(OwnerWatch.open((start / 10_000n & 0xffff_ffffn) << 32n | BigInt(id + 3)), "ended");
});

Deno.test("receiveHandle() refuses a notice that names another process than the sender's", () => {
  using memory = SharedMemory.anonymous(4096);
  using window = MessageWindow.open({ procedure: () => undefined });
  const receive = (pid: number) => {
    const bytes = encodeNotice({
      place: "sender",
      pid,
      access: "readwrite",
      handle: memory.unsafeHandle,
      byteLength: 4096,
      tag: 0n,
    });
    const id = BigInt(HANDLE_NOTICE);
    return receiveHandle(new CopyDataMessage({ id, bytes, sender: window.handle })).memory;
  };
  receive(Deno.pid).close();
  for (const bits of LOW_BITS) {
    assertThrows(() => receive(Deno.pid + bits), Deno.errors.InvalidData, "window belongs to");
  }
});

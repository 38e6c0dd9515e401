/**
 * Ids of processes and threads, of which Windows ignores the two lowest bits.
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
import { OwnerWatch } from "../../src/channel/peer/owner.ts";
import { MACHINE } from "../../src/channel/peer/windows.ts";
import { encodeNotice } from "../../src/process/handle_notice.ts";
import { openLibrary } from "../support/open_library.ts";

const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;
/** How far an id can be off. */
const LOW_BITS = [1, 2, 3];

Deno.test("OpenProcess() opens a process for the three ids behind its own", () => {
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

Deno.test("Processes and threads are opened by their own ids only", async () => {
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

Deno.test("findWindow() finds a window by the id of its process only", async () => {
  using window = MessageWindow.open({ procedure: () => undefined });
  assertEquals((await findWindow({ pid: Deno.pid, class: window.class })).handle, window.handle);
  for (const bits of LOW_BITS) {
    const query = { pid: Deno.pid + bits, class: window.class, timeout: 0 };
    await assertRejects(() => findWindow(query), Deno.errors.TimedOut);
  }
});

Deno.test("A ring's place with an id that is nobody's own has no owner", () => {
  const { self } = MACHINE;
  using watch = OwnerWatch.open(self) as OwnerWatch;
  assertFalse(watch.hasEnded);
  // With the lowest bit it would be a thread.
  assertEquals(OwnerWatch.open(self + 2n), "ended");
  const { id, start } = currentThread();
  assertEquals(OwnerWatch.open((start / 10_000n & 0xffff_ffffn) << 32n | BigInt(id + 3)), "ended");
});

Deno.test("receiveHandle() takes no notice that names another process than the sender's", () => {
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

/**
 * The program of the reaper, which closes the resources of an ended Worker.
 *
 * It imports nothing of this package, and opens its few functions itself. So it starts soon: a
 * Worker that ends before its reaper waits for it takes the reaper along.
 *
 * @module
 */

import { isMainThread, workerData } from "node:worker_threads";
import type { ReaperData } from "../handle.ts";

function reap({ notes, worker, resource, operation }: ReaperData): void {
  const kernel32 = Deno.dlopen("kernel32.dll", {
    CancelIoEx: { parameters: ["usize", "pointer"], result: "i32" },
    CloseHandle: { parameters: ["usize"], result: "i32" },
    GetOverlappedResult: { parameters: ["usize", "pointer", "buffer", "i32"], result: "i32" },
    VirtualFree: { parameters: ["pointer", "usize", "u32"], result: "i32" },
    WaitForSingleObject: { parameters: ["usize", "u32"], result: "u32" },
  }).symbols;
  const user32 = Deno.dlopen("user32.dll", {
    UnregisterClassW: { parameters: ["usize", "usize"], result: "i32" },
  }).symbols;
  const INFINITE = 0xffff_ffff;
  const WAIT_OBJECT_0 = 0;
  const STATUS_PENDING = 0x103n;
  const MEM_RELEASE = 0x8000;
  const KIND_MASK = 3n;
  const HANDLE_MASK = 0xffff_fffcn;

  // If the wait fails, the Worker may still use its resources.
  if (kernel32.WaitForSingleObject(worker, INFINITE) !== WAIT_OBJECT_0) return;
  // Another thread can take a handed over handle until the note is cleared.
  notes.forEach((note, index) => {
    if ((note & KIND_MASK) !== resource.handedOver) return;
    if (Atomics.compareExchange(notes, index, note, 0n) !== note) return;
    kernel32.CloseHandle(note & HANDLE_MASK);
  });
  const left = [...notes].filter((note) => note !== 0n);
  const of = (kind: bigint) =>
    left.filter((note) => (note & KIND_MASK) === kind).map((note) => note & ~KIND_MASK);

  // Operations come first: Windows still writes to their memory, and their files are among the
  // handles.
  for (const address of of(resource.operation)) {
    const memory = Deno.UnsafePointer.create(address)!;
    const view = new Deno.UnsafePointerView(memory);
    const file = view.getBigUint64(operation.file);
    const overlapped = Deno.UnsafePointer.offset(memory, operation.overlapped);
    kernel32.CancelIoEx(file, overlapped);
    if (view.getBigUint64(operation.overlapped) === STATUS_PENDING) {
      kernel32.GetOverlappedResult(file, overlapped, new Uint32Array(1), 1);
    }
    kernel32.VirtualFree(memory, 0n, MEM_RELEASE);
  }
  for (const handle of of(resource.handle)) kernel32.CloseHandle(handle);
  for (const atom of of(resource.windowClass)) user32.UnregisterClassW(atom >> 2n, 0n);
  kernel32.CloseHandle(worker);
}

if (!isMainThread) reap(workerData);

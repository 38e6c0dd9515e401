/**
 * Closing what a Worker leaves behind.
 *
 * A Worker that is ended runs no `finally` and no finalizer, and Windows closes handles when the
 * process ends, not a thread. So a Worker that owns anything starts one thread more, its reaper,
 * which waits for the Worker's end and then closes what the Worker had noted down.
 *
 * The notes are shared memory, one word each. The Worker writes a word after it has opened
 * something and takes the word out before it closes it: a handle value that Windows has given to
 * somebody else is never among them. Deno 2.9 ends a Worker only when the Worker returns to its event
 * loop, so never between the two steps. If Deno ends it there after all, that leaks the one object.
 *
 * Views stay mapped: a buffer over one may have been transferred to another isolate.
 *
 * @module
 */

import { kernel32 } from "./win32/kernel32.ts";
import { inWorker } from "./platform.ts";

const SYNCHRONIZE = 0x100000;

/**
 * What a note is of, in its lowest bits: handles are multiples of 4, as are the addresses of
 * operations, and a class atom is shifted.
 */
export const RESOURCE = { handle: 0n, operation: 1n, windowClass: 2n } as const;

/** The bytes of an operation's memory, from its address: the `OVERLAPPED`, the file's handle, and what is transferred. */
export const OPERATION = { overlapped: 0, file: 32, data: 4096 } as const;

/** How many notes there is room for: Windows has fewer handles than that for a process in practice. */
const MAX_NOTES = 2 ** 20;
const FIRST_NOTES = 512;
const NOTE_LENGTH = BigUint64Array.BYTES_PER_ELEMENT;

/** Whether this thread closes all that it opens by itself, as the module's own threads do. */
let isTidy = false;
let notes: BigUint64Array<SharedArrayBuffer> | undefined;
/** Where the notes are, by what they say. */
const places = new Map<bigint, number>();
/** Places that are free again. */
const free: number[] = [];
let used = 0;

/** Has this thread be without a reaper: it closes all that it opens, whatever happens. */
export function closeByMyself(): void {
  isTidy = true;
}

/**
 * Notes down what is to be closed when this thread ends; nothing if that ends the process.
 *
 * @param resource The handle, address or shifted atom, with one of {@linkcode RESOURCE} in its lowest bits.
 */
export function noteResource(resource: bigint): void {
  if (isTidy || !inWorker()) return;
  notes ??= startReaper();
  const place = free.pop() ?? used++;
  if (place >= MAX_NOTES) return;
  if (place >= notes.length) notes.buffer.grow(2 * notes.byteLength);
  places.set(resource, place);
  Atomics.store(notes, place, resource);
}

/**
 * Takes a note out, before what it is of is closed.
 *
 * @param resource What was noted down.
 */
export function forgetResource(resource: bigint): void {
  const place = places.get(resource);
  if (place === undefined) return;
  Atomics.store(notes!, place, 0n);
  places.delete(resource);
  free.push(place);
}

/** What the reaper is started with. */
interface ReaperData {
  /** The notes. */
  notes: BigUint64Array<SharedArrayBuffer>;
  /** A handle of the Worker's thread, which the reaper closes. */
  worker: bigint;
  resource: typeof RESOURCE;
  operation: typeof OPERATION;
}

/** Starts the reaper of this thread, at once: the Worker may never return to its event loop. */
function startReaper(): BigUint64Array<SharedArrayBuffer> {
  const length = { maxByteLength: MAX_NOTES * NOTE_LENGTH };
  const notes = new BigUint64Array(new SharedArrayBuffer(FIRST_NOTES * NOTE_LENGTH, length));
  const { GetCurrentThreadId, OpenThread } = kernel32();
  const worker = OpenThread(SYNCHRONIZE, 0, GetCurrentThreadId());
  const workerData: ReaperData = { notes, worker, resource: RESOURCE, operation: OPERATION };
  // deno-lint-ignore no-process-global -- the only way to load a module of Node without an await
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  // A data URL needs no permission to read.
  const program = `data:text/javascript,${encodeURIComponent(`(${reap})()`)}`;
  const thread = new Worker(new URL(program), { workerData });
  thread.unref();
  // Without a reaper, what the Worker leaves is closed when the process ends.
  thread.on("error", () => {});
  return notes;
}

/**
 * The reaper's program. It is started from its text, so it can use nothing of this module: what it
 * needs comes as `workerData`.
 */
function reap(): void {
  // deno-lint-ignore no-process-global -- as in startReaper()
  const { workerData } = process.getBuiltinModule("node:worker_threads");
  const { notes, worker, resource, operation }: ReaperData = workerData;
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

  // Where the Worker cannot be waited for, it may still use what it has.
  if (kernel32.WaitForSingleObject(worker, INFINITE) !== WAIT_OBJECT_0) return;
  const left = [...notes].filter((note) => note !== 0n);
  const of = (kind: bigint) =>
    left.filter((note) => (note & KIND_MASK) === kind).map((note) => note & ~KIND_MASK);

  // First, for Windows still writes to their memory, and their files are among the handles.
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

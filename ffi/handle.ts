/**
 * What a script owns: objects that cannot be cloned, kernel handles, and the notes by which a Worker's
 * reaper closes what the Worker leaves behind.
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
 * @see {@link https://learn.microsoft.com/windows/win32/sysinfo/handles-and-objects}
 * @see {@link https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntqueryobject}
 * @module
 */

import { errorFromStatus, lastError } from "./error.ts";
import { assertHandleValue, show } from "./arguments.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { ntdll } from "./win32/ntdll.ts";
import { decodeWide } from "./wide.ts";
import { inWorker } from "./platform.ts";

// V8 clones an instance of a class as its public fields: memory would arrive as `{ name, created }`.
// It refuses an object with internal slots, and a WeakRef has some. That costs 30 ns for each
// instance, and inspection shows the class and the public fields as ever. `markAsUncloneable` of
// node:worker_threads takes 15 ms to import.
const Host = class Uncloneable extends WeakRef<object> {
  constructor() {
    super(Uncloneable);
  }
};
// Instances have the slots, and inherit no method that goes with them.
Object.setPrototypeOf(Host.prototype, Object.prototype);

/**
 * The base class of objects that `structuredClone` and `postMessage` refuse with a `DataCloneError`.
 * The clone would be a plain object without the methods.
 */
export const Uncloneable: new () => object = Host;

/** What `CreateFileW` returns when it fails, and what stands for "no file". */
export const INVALID_HANDLE_VALUE = 0xffffffffffffffffn;

/** `SYNCHRONIZE`, the right to wait for an object. */
export const SYNCHRONIZE = 0x100000;

/** `DUPLICATE_SAME_ACCESS`: the duplicate may do what the original may. */
export const DUPLICATE_SAME_ACCESS = 2;

/** The handle values that objects of this isolate own. */
const owned = new Set<bigint>();

/** Closes what was forgotten; nothing leans on it, for it may never run. */
const forgotten = new FinalizationRegistry<bigint>(closeValue);

/** What a duplicate of a handle is to be like. */
export interface DuplicateOptions {
  /** The rights that the duplicate has, as a mask. @default what the original has */
  access?: number;
  /** Whether child processes inherit it. @default false */
  inheritable?: boolean;
}

/**
 * A kernel handle that is closed once: by {@linkcode Handle.close}, by `using`,
 * or, if it is forgotten, some time after it was collected.
 */
export class Handle extends Uncloneable implements Disposable {
  /** What it is a handle of, for messages: `"shared memory"`. */
  readonly kind: string;
  #value: bigint;

  /**
   * Takes a handle over.
   *
   * @param kind What it is a handle of, for messages.
   * @throws {Deno.errors.BadResource} If the value can be no handle's: it is no positive multiple of 4.
   */
  constructor(value: bigint, kind: string) {
    super();
    assertHandleValue(value, `Cannot take over handle ${value} of ${kind}`);
    owned.add(value);
    noteResource(value);
    forgotten.register(this, value, this);
    this.#value = value;
    this.kind = kind;
  }

  /**
   * Makes a handle to the object of another one, which this script may not own.
   *
   * @param value The other handle's value.
   * @param kind What it is a handle of, for messages.
   * @param options What the new one is to be like.
   * @throws {Deno.errors.PermissionDenied} If the object does not grant the rights asked for.
   * @throws {Deno.errors.BadResource} If the value is no handle's.
   */
  static duplicateOf(
    value: bigint,
    kind: string,
    { access, inheritable = false }: DuplicateOptions = {},
  ): Handle {
    assertHandleValue(value, `Cannot duplicate handle ${value} of ${kind}`);
    const target = new BigUint64Array(1);
    const process = kernel32().GetCurrentProcess();
    const done = kernel32().DuplicateHandle(
      process,
      value,
      process,
      target,
      access ?? 0,
      inheritable ? 1 : 0,
      access === undefined ? DUPLICATE_SAME_ACCESS : 0,
    );
    if (!done) throw lastError("DuplicateHandle", `Cannot duplicate a handle of ${kind}`);
    return new Handle(target[0]!, kind);
  }

  /**
   * The handle's value, for a Win32 call.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get value(): bigint {
    if (this.closed) throw new Deno.errors.BadResource(`The ${this.kind} is closed`);
    return this.#value;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#value === 0n;
  }

  /**
   * Makes another handle to the same object.
   *
   * @throws {Deno.errors.PermissionDenied} If the object does not grant the rights asked for.
   * @throws {Deno.errors.BadResource} If this one is closed.
   * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
   */
  duplicate(options: DuplicateOptions = {}): Handle {
    return Handle.duplicateOf(this.value, this.kind, options);
  }

  /**
   * Gives the handle up without closing it, for whoever takes it over.
   *
   * @returns Its value.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  release(): bigint {
    const { value } = this;
    this.#value = 0n;
    forgotten.unregister(this);
    disown(value);
    return value;
  }

  /** Closes the handle; the object lives on while another handle or a view holds it. */
  close(): void {
    if (!this.closed) kernel32().CloseHandle(this.release());
  }

  /** Closes the handle at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Whether a {@linkcode Handle} of this script owns a handle value already, so
 * that adopting it again would close it twice.
 *
 * @param value The value; its two lowest bits are ignored, as Windows does.
 */
export function isOwned(value: bigint): boolean {
  return owned.has(value & ~3n);
}

function closeValue(value: bigint): void {
  disown(value);
  kernel32().CloseHandle(value);
}

function disown(value: bigint): void {
  owned.delete(value);
  forgetResource(value);
}

/** What was found out of a handle that nobody here owns yet. */
export interface ForeignHandle {
  /** Its value. */
  handle: bigint;
  /** What is being tried, for messages. */
  attempt: string;
  /** The rights that it has, as a mask. */
  grantedAccess: number;
}

/**
 * Looks whether a handle may be taken over.
 *
 * @param value The handle's value in this process.
 * @param type The kind of object that it has to be of, as the kernel calls it.
 * @param noun What users call that kind, with its article: `"an event"`.
 * @throws {TypeError} If the value is neither a bigint nor an integer.
 * @throws {Deno.errors.BadResource} If it is no handle of that kind in this process, or is owned already.
 */
export function inspectHandle(value: bigint | number, type: string, noun: string): ForeignHandle {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
    throw new TypeError(`Expected a handle value, got ${show(value)}`);
  }
  const handle = BigInt(value);
  const attempt = `Cannot adopt handle ${handle}`;
  assertHandleValue(handle, attempt);
  const { type: found, grantedAccess } = queryObject(handle, attempt);
  if (found !== type) {
    throw new Deno.errors.BadResource(
      `${attempt}: it is a handle of kind "${found}", not of ${noun}`,
    );
  }
  if (isOwned(handle)) {
    throw new Deno.errors.BadResource(`${attempt}: this script owns it already`);
  }
  return { handle, attempt, grantedAccess };
}

const OBJECT_BASIC_INFORMATION = 0;
const OBJECT_TYPE_INFORMATION = 2;
const STATUS_INFO_LENGTH_MISMATCH = 0xc000_0004 | 0;

/** The size of a `PUBLIC_OBJECT_BASIC_INFORMATION`, in bytes. */
const BASIC_SIZE = 56;
/** Room for a `PUBLIC_OBJECT_TYPE_INFORMATION` and a usual name behind it, in bytes. */
const FIRST_TYPE_SIZE = 256;
/** More room than any name needs: a `UNICODE_STRING` counts at most 65,535 bytes. */
const MAX_TYPE_SIZE = 2 ** 18;

/** What is known of a handle. */
export interface ObjectInfo {
  /** The kind of object, as the kernel calls it: `"Section"`, `"Event"`, `"Mutant"`. */
  type: string;
  /** The rights that the handle has, as a mask. */
  grantedAccess: number;
}

/**
 * Asks the kernel what a handle is of, and what may be done with it.
 *
 * @param attempt What is being tried, for the message.
 * @throws {Deno.errors.BadResource} If it is no handle of this process.
 */
export function queryObject(handle: bigint, attempt: string): ObjectInfo {
  const basic = query(handle, OBJECT_BASIC_INFORMATION, BASIC_SIZE, attempt);
  // A UNICODE_STRING: its length in bytes at 0, then (at 16, behind other fields
  // or at once) the text; only the address at 8 says where.
  const type = query(handle, OBJECT_TYPE_INFORMATION, FIRST_TYPE_SIZE, attempt);
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(type));
  const at = Number(type.getBigUint64(8, true) - base);
  return {
    type: decodeWide(new Uint16Array(type.buffer, at, type.getUint16(0, true) / 2)),
    grantedAccess: basic.getUint32(4, true),
  };
}

function query(
  handle: bigint,
  what: number,
  byteLength: number,
  attempt: string,
): DataView<ArrayBuffer> {
  const info = new DataView(new ArrayBuffer(byteLength));
  const status = ntdll().NtQueryObject(handle, what, info, byteLength, null);
  if (status >= 0) return info;
  if (status === STATUS_INFO_LENGTH_MISMATCH && byteLength < MAX_TYPE_SIZE) {
    return query(handle, what, byteLength * 4, attempt);
  }
  throw errorFromStatus(status, "NtQueryObject", attempt);
}

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

/**
 * Owns kernel handles and other resources, and closes them when a Worker ends.
 *
 * A Worker that is ended runs no `finally` and no finalizer. Windows closes handles when the
 * process ends, but not when a thread ends. So a Worker that owns a resource starts one more
 * thread, its reaper. The reaper waits for the end of the Worker, and then closes the resources
 * that the Worker has noted.
 *
 * The notes are in shared memory, one word for each resource. The Worker writes the word after it
 * opens the resource, and clears the word before it closes the resource. So the notes never contain
 * a handle value that Windows has reused. Deno 2.9 ends a Worker only when the Worker returns to
 * its event loop, so never between the two steps. If Deno did so, it would leak one resource.
 *
 * The reaper does not unmap views, because another isolate can have a buffer over a view.
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
import { PROGRAM } from "./reaper/worker_program.ts";
import { inWorker } from "./platform.ts";

// V8 clones an instance of a class as its public fields: memory would be `{ name, created }`. V8
// refuses to clone an object with internal slots, such as a WeakRef. The slots cost 30 ns for each
// instance. Inspection still shows the class and the public fields. The alternative,
// `markAsUncloneable` of node:worker_threads, takes 15 ms to import.
const Host = class Uncloneable extends WeakRef<object> {
  constructor() {
    super(Uncloneable);
  }
};
// Instances have the slots of a WeakRef, but do not inherit its methods.
Object.setPrototypeOf(Host.prototype, Object.prototype);

/**
 * The base class of objects that `structuredClone` and `postMessage` refuse with a
 * `DataCloneError`. A clone would be a plain object without methods.
 */
export const Uncloneable: new () => object = Host;

/** The value that `CreateFileW` returns if it fails. As an argument it means "no file". */
export const INVALID_HANDLE_VALUE = 0xffffffffffffffffn;

/** The right to wait for an object. */
export const SYNCHRONIZE = 0x100000;

/** The flag that gives a duplicate the rights of the original handle. */
export const DUPLICATE_SAME_ACCESS = 2;

/** The values of all open handles that {@linkcode Handle} objects of this isolate own. */
const owned = new Set<bigint>();

/** Closes forgotten handles. No code relies on this, because a finalizer may never run. */
const forgotten = new FinalizationRegistry<bigint>(closeValue);

/** The rights of a duplicate, and whether child processes inherit it. */
export interface DuplicateOptions {
  /** The rights of the duplicate, as a mask. @default the rights of the original handle */
  access?: number;
  /** Whether child processes inherit it. @default false */
  inheritable?: boolean;
}

/**
 * A kernel handle that is closed only once. {@linkcode Handle.close} or `using` closes it, or the
 * garbage collector if it is forgotten.
 *
 * @example Own a handle that a Win32 call has returned
 * ```ts
 * import { Handle, kernel32 } from "@winipc/winipc/ffi";
 * import { assert } from "@std/assert";
 *
 * const handle = new Handle(kernel32().CreateEventW(null, 1, 0, null), "event");
 * assert(kernel32().SetEvent(handle.value));
 * handle.close();
 * assert(handle.closed);
 * ```
 */
export class Handle extends Uncloneable implements Disposable {
  /** The object's name in messages: `"shared memory"`. */
  readonly kind: string;
  #value: bigint;

  /**
   * Takes over a handle.
   *
   * @param kind The object's name in messages: `"shared memory"`.
   * @throws {Deno.errors.BadResource} If the value is not a positive multiple of 4 below 2³¹.
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
   * Duplicates a handle of this process, even if no {@linkcode Handle} owns it.
   *
   * @param value The value of the handle to duplicate.
   * @param kind The object's name in messages: `"shared memory"`.
   * @throws {Deno.errors.PermissionDenied} If the object does not grant the requested rights.
   * @throws {Deno.errors.BadResource} If the value is not the value of an open handle.
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
   * @throws {Deno.errors.BadResource} If the handle is closed.
   */
  get value(): bigint {
    if (this.closed) throw new Deno.errors.BadResource(`The ${this.kind} is closed`);
    return this.#value;
  }

  /** Whether the handle is closed, or was released. */
  get closed(): boolean {
    return this.#value === 0n;
  }

  /**
   * Makes another handle to the same object.
   *
   * @throws {Deno.errors.PermissionDenied} If the object does not grant the requested rights.
   * @throws {Deno.errors.BadResource} If this handle is closed.
   * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
   */
  duplicate(options: DuplicateOptions = {}): Handle {
    return Handle.duplicateOf(this.value, this.kind, options);
  }

  /**
   * Releases the handle without closing it. From then on the caller must close it.
   *
   * @returns The handle's value.
   * @throws {Deno.errors.BadResource} If the handle is closed.
   */
  release(): bigint {
    const { value } = this;
    this.#value = 0n;
    forgotten.unregister(this);
    disown(value);
    return value;
  }

  /** Closes the handle. The object exists until its last handle and view are closed. */
  close(): void {
    if (!this.closed) kernel32().CloseHandle(this.release());
  }

  /** Closes the handle at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Returns whether a {@linkcode Handle} of this script already owns a handle value. A second owner
 * would close the handle twice.
 *
 * @example Check a value before you take it over
 * ```ts
 * import { createEvent, isOwned } from "@winipc/winipc/ffi";
 * import { assert } from "@std/assert";
 *
 * using event = createEvent("isOwned");
 * assert(isOwned(event.value));
 * ```
 *
 * @param value The handle's value. Its two lowest bits are ignored, as Windows ignores them.
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

/** A handle that can be adopted, because no {@linkcode Handle} of this script owns it. */
export interface ForeignHandle {
  /** The handle's value. */
  handle: bigint;
  /** The attempt, for messages: `Cannot adopt handle 64`. */
  attempt: string;
  /** The rights of the handle, as a mask. */
  grantedAccess: number;
}

/**
 * Checks that a handle can be adopted.
 *
 * @param value The handle's value in this process.
 * @param type The expected kind of object in the kernel's words: `"Event"`.
 * @param noun The kind in the users' words, with its article: `"an event"`.
 * @throws {TypeError} If the value is neither a bigint nor an integer.
 * @throws {Deno.errors.BadResource} If this process has no such handle of this kind, or this script
 *   already owns the handle.
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
/**
 * First buffer size for a `PUBLIC_OBJECT_TYPE_INFORMATION` and a name of usual length, in bytes.
 */
const FIRST_TYPE_SIZE = 256;
/**
 * Maximum buffer size in bytes: enough for any name, because a `UNICODE_STRING` has at most 65,535.
 */
const MAX_TYPE_SIZE = 2 ** 18;

/** The kind of a handle's object, and the handle's rights. */
export interface ObjectInfo {
  /** The kind of object in the kernel's words: `"Section"`, `"Event"`, `"Mutant"`. */
  type: string;
  /** The rights of the handle, as a mask. */
  grantedAccess: number;
}

/**
 * Asks the kernel for the kind of a handle's object and for the handle's rights.
 *
 * @example Find out the kind of an object
 * ```ts
 * import { createEvent, queryObject } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * using event = createEvent("queryObject");
 * assertEquals(queryObject(event.value, "Cannot look at the handle").type, "Event");
 * ```
 *
 * @param attempt The attempt that failed, for the message: `Cannot adopt handle 64`.
 * @throws {Deno.errors.BadResource} If this process has no such handle.
 */
export function queryObject(handle: bigint, attempt: string): ObjectInfo {
  const basic = query(handle, OBJECT_BASIC_INFORMATION, BASIC_SIZE, attempt);
  // A UNICODE_STRING has its length in bytes at 0 and the text's address at 8. The text is in the
  // same buffer, but its offset there differs, so it is computed from the address.
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
 * The kind of a noted resource, in the two lowest bits of the note. These bits are free: handles
 * and the addresses of operations are multiples of 4, and a class atom is shifted. The note of a
 * handle for another thread has a number of its own in its upper half.
 */
export const RESOURCE = { handle: 0n, operation: 1n, windowClass: 2n, handedOver: 3n } as const;

/**
 * The offsets in an operation's memory, in bytes: its `OVERLAPPED`, the file's handle, and the
 * data.
 */
export const OPERATION = { overlapped: 0, file: 32, data: 4096 } as const;

/** The `workerData` of the reaper, whose program imports nothing else of this package. */
export interface ReaperData {
  /** The resources that the Worker has noted, with their kinds in the lowest bits. */
  notes: BigUint64Array<SharedArrayBuffer>;
  /** A handle of the Worker's thread. The reaper closes it. */
  worker: bigint;
  /** The kinds of resources. */
  resource: typeof RESOURCE;
  /** The offsets in an operation's memory. */
  operation: typeof OPERATION;
}

/** Maximum number of notes. A process has fewer handles in practice. */
const MAX_NOTES = 2 ** 20;
const FIRST_NOTES = 512;
const NOTE_LENGTH = BigUint64Array.BYTES_PER_ELEMENT;

/** Whether this thread closes all of its resources itself, as the module's own threads do. */
let isTidy = false;
let notes: BigUint64Array<SharedArrayBuffer> | undefined;
/** The index of each note in {@linkcode notes}. */
const indexes = new Map<bigint, number>();
/** The indexes that can be used again. */
const free: number[] = [];
let used = 0;

/** Keeps this thread without a reaper. The thread must close all of its resources itself. */
export function closeByMyself(): void {
  isTidy = true;
}

/**
 * Notes a resource that the reaper must close if this Worker ends. On the main thread it does
 * nothing, because Windows closes everything at the end of the process.
 *
 * @param resource The handle, address or shifted atom, with a {@linkcode RESOURCE} in its lowest
 *   bits.
 */
export function noteResource(resource: bigint): void {
  const index = note(resource);
  if (index !== undefined) indexes.set(resource, index);
}

/** Writes a note. Returns its index, or `undefined` if this thread has no reaper or no room. */
function note(resource: bigint): number | undefined {
  if (isTidy || !inWorker()) return undefined;
  notes ??= startReaper();
  const index = free.pop() ?? used++;
  if (index >= MAX_NOTES) return undefined;
  if (index >= notes.length) notes.buffer.grow(2 * notes.byteLength);
  Atomics.store(notes, index, resource);
  return index;
}

/**
 * Removes a note. Call this before the resource is closed.
 *
 * @param resource The same number as for {@linkcode noteResource}.
 */
export function forgetResource(resource: bigint): void {
  const index = indexes.get(resource);
  if (index === undefined) return;
  Atomics.store(notes!, index, 0n);
  indexes.delete(resource);
  free.push(index);
}

/** A handle that any thread of this process can take, but only one of them, and only once. */
export interface HandedOver {
  /** The memory of the word that has {@linkcode number} until a thread takes the handle. */
  readonly words: SharedArrayBuffer;
  /** The index of the word, which has 64 bits. */
  readonly index: number;
  /** The handle's value, with a number that no other handle has at this index. */
  readonly number: bigint;
}

/** The number of handles that this thread has handed over. */
let handedOver = 0n;
/** The indexes of their notes that were not yet found to be taken. */
let untaken: number[] = [];
/** The length of {@linkcode untaken} at which taken ones are looked for. */
let lookAt = 16;
/** The lower half of a note, which has a handle's value and its kind. */
const HANDLE_MASK = 0xffff_ffffn;

/**
 * Lets another thread take over a handle that no {@linkcode Handle} owns. If this thread is a
 * Worker, and ends before that, its reaper closes the handle.
 */
export function handOver(value: bigint): HandedOver {
  const number = BigInt.asUintN(32, ++handedOver) << 32n | value | RESOURCE.handedOver;
  if (untaken.length >= lookAt) {
    untaken = untaken.filter((index) => {
      if (Atomics.load(notes!, index) !== 0n) return true;
      free.push(index);
      return false;
    });
    lookAt = 2 * untaken.length + 16;
  }
  const index = note(number);
  if (index !== undefined) {
    untaken.push(index);
    return { words: notes!.buffer, index, number };
  }
  const words = new BigUint64Array(new SharedArrayBuffer(NOTE_LENGTH));
  words[0] = number;
  return { words: words.buffer, index: 0, number };
}

/**
 * Takes a handle that a thread of this process has handed over.
 *
 * @returns The handle's value, which the caller owns now, or `undefined` if the handle was taken
 *   or closed before.
 */
export function takeOver({ words, index, number }: HandedOver): bigint | undefined {
  const array = new BigUint64Array(words);
  if (index >= array.length) return undefined;
  if (Atomics.compareExchange(array, index, number, 0n) !== number) return undefined;
  return number & HANDLE_MASK & ~3n;
}

/**
 * Starts the reaper of this thread without an await, because the Worker may never return to its
 * event loop.
 */
function startReaper(): BigUint64Array<SharedArrayBuffer> {
  const length = { maxByteLength: MAX_NOTES * NOTE_LENGTH };
  const notes = new BigUint64Array(new SharedArrayBuffer(FIRST_NOTES * NOTE_LENGTH, length));
  const { GetCurrentThreadId, OpenThread } = kernel32();
  const worker = OpenThread(SYNCHRONIZE, 0, GetCurrentThreadId());
  const workerData: ReaperData = { notes, worker, resource: RESOURCE, operation: OPERATION };
  // deno-lint-ignore no-process-global -- the only way to load a module of Node without an await
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  // A data URL needs no permission to read.
  const program = new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`);
  const thread = new Worker(program, { workerData });
  thread.unref();
  // Without a reaper, the resources are closed when the process ends.
  thread.on("error", () => {});
  return notes;
}

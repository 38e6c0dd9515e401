/**
 * Passes memory and other objects on to a running process. The handle is put into that process, or
 * offered for it to take, and a notice describes the handle. It is sent by WM_COPYDATA.
 *
 * `dwData` is {@linkcode HANDLE_NOTICE}. The data has 40 bytes, little-endian:
 *
 * | at | type | meaning                                                                 |
 * | -- | ---- | ----------------------------------------------------------------------- |
 * | 0  | u32  | 0x43504957, the letters WIPC                                            |
 * | 4  | u16  | 1, the version                                                          |
 * | 6  | u8   | 1: the handle is in the receiver's process; 2: in the sender's process  |
 * | 7  | u8   | the kind of object: 0 section; 1 event; 2 semaphore; 3 mutex            |
 * | 8  | u32  | the sender's process id                                                 |
 * | 12 | u32  | the rights that the receiver gets: section 5 (read) or 7 (readwrite);   |
 * |    |      | event or semaphore 0x100002, or 0x100000 if it can only be waited for;  |
 * |    |      | mutex 0x100000                                                          |
 * | 16 | u64  | the handle's value                                                      |
 * | 24 | u64  | the section's size in bytes; 0 for another kind of object               |
 * | 32 | u64  | a number that the sender chooses, to identify the object                |
 *
 * `wParam` is a window of the sender's process. If the receiver answers 0, it refuses the handle,
 * and the sender closes the handle. With any other answer, the receiver owns the handle.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 * @module
 */

import { type MemoryAccess, SharedMemory } from "../memory/mod.ts";
import {
  type DuplicatedHandle,
  type ObjectAccess,
  SharedEvent,
  SharedMutex,
  SharedObject,
  type SharedObjectKind,
  SharedSemaphore,
} from "../sync/mod.ts";
import {
  assertBigInteger,
  assertInteger,
  assertOptions,
  assertSignal,
  oneOf,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { Handle } from "../../ffi/handle.ts";
import { openProcess, takeHandle } from "../../ffi/process_thread.ts";
import { adoptSection } from "../memory/handles.ts";
import { MEMORY_ACCESS } from "../memory/mapped_view.ts";
import { sharedMemoryOver } from "../memory/shared_memory.ts";
import {
  CopyDataMessage,
  MessageSender,
  MessageWindow,
  sendCopyData,
  type WindowTarget,
} from "../messages/mod.ts";
import { toWindow } from "../messages/window/find.ts";
import { checkTimeout } from "../wait/options.ts";

/** The `dwData` of a notice, and its first four bytes. */
export const HANDLE_NOTICE = 0x43504957;

const BYTE_LENGTH = 40;
const VERSION = 1;
/** The numbers of the processes in which the handle can be. */
const PLACES = { receiver: 1, sender: 2 } as const;
/** The kind of object, and the granted rights. Some only let the receiver wait for the object. */
export type Grant = MemoryAccess | SharedObjectKind | "event to wait for" | "semaphore to wait for";
/** The numbers of the kinds of objects. */
const KINDS: Record<Grant, number> = {
  read: 0,
  readwrite: 0,
  event: 1,
  "event to wait for": 1,
  semaphore: 2,
  "semaphore to wait for": 2,
  mutex: 3,
};
/** The masks of rights that a receiver gets. */
export const RIGHTS: Record<Grant, number> = {
  read: 0x5,
  readwrite: 0x7,
  event: 0x100002,
  "event to wait for": 0x100000,
  semaphore: 0x100002,
  "semaphore to wait for": 0x100000,
  mutex: 0x100000,
};

const GRANTS = [
  "read",
  "readwrite",
  "event",
  "event to wait for",
  "semaphore",
  "semaphore to wait for",
  "mutex",
] as const;

/** The contents of a notice. */
export interface HandleNotice {
  /** The process in which the handle is. */
  place: "receiver" | "sender";
  /** The sender's process id. */
  pid: number;
  /** The kind of object, and the rights that the receiver gets. */
  access: Grant;
  /** The handle's value. */
  handle: bigint;
  /** The section's size in bytes; 0 for another kind of object. */
  byteLength: number;
  /** A number that the sender chooses, to identify the object. */
  tag: bigint;
}

/** Returns the bytes of a notice. */
export function encodeNotice(notice: HandleNotice): Uint8Array<ArrayBuffer> {
  const data = new DataView(new ArrayBuffer(BYTE_LENGTH));
  data.setUint32(0, HANDLE_NOTICE, true);
  data.setUint16(4, VERSION, true);
  data.setUint8(6, PLACES[notice.place]);
  data.setUint8(7, KINDS[notice.access]);
  data.setUint32(8, notice.pid, true);
  data.setUint32(12, RIGHTS[notice.access], true);
  data.setBigUint64(16, notice.handle, true);
  data.setBigUint64(24, BigInt(notice.byteLength), true);
  data.setBigUint64(32, notice.tag, true);
  return new Uint8Array(data.buffer);
}

/**
 * Reads a notice.
 *
 * @param id The `dwData` of the WM_COPYDATA.
 * @throws {Deno.errors.InvalidData} If the message is not a notice, or its contents are invalid.
 */
export function decodeNotice(id: bigint, bytes: Uint8Array<ArrayBuffer>): HandleNotice {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    BigInt.asUintN(32, id) !== BigInt(HANDLE_NOTICE) || bytes.length !== BYTE_LENGTH ||
    data.getUint32(0, true) !== HANDLE_NOTICE
  ) {
    throw new Deno.errors.InvalidData(
      `Cannot read a message of ${bytes.length} bytes as the notice of a handle`,
    );
  }
  const version = data.getUint16(4, true);
  if (version !== VERSION) {
    throw new Deno.errors.InvalidData(
      `Cannot read the notice of a handle: its version is ${version}, not ${VERSION}`,
    );
  }
  return {
    place: wordFor("place", PLACES, data.getUint8(6)),
    pid: data.getUint32(8, true),
    access: grantFor(data.getUint8(7), data.getUint32(12, true)),
    handle: data.getBigUint64(16, true),
    byteLength: Number(data.getBigUint64(24, true)),
    tag: data.getBigUint64(32, true),
  };
}

function wordFor<T extends string>(what: string, words: Record<T, number>, number: number): T {
  for (const word in words) if (words[word] === number) return word;
  throw new Deno.errors.InvalidData(
    `Cannot read the notice of a handle: its ${what} ${number} is unknown`,
  );
}

function grantFor(kind: number, rights: number): Grant {
  for (const grant of GRANTS) {
    if (KINDS[grant] === kind && RIGHTS[grant] === rights) return grant;
  }
  throw new Deno.errors.InvalidData(
    `Cannot read the notice of a handle: its kind ${kind} with rights ${rights} is unknown`,
  );
}

const FORMS = ["push", "pull"] as const;

/** Options for sending a handle. */
export interface SendHandleOptions {
  /**
   * The access that the receiver gets, if the object is memory. @default the access of the memory
   */
  access?: MemoryAccess;
  /** A number of 64 bits that identifies the object for the receiver. @default 0 */
  tag?: number | bigint;
  /**
   * The process that makes the receiver's handle. With `"push"`, the sender puts the handle into
   * the receiver's process. With `"pull"`, the receiver duplicates the handle out of the sender's
   * process; this suits a receiver that does not let other processes put handles into it.
   *
   * @default "push"
   */
  form?: "push" | "pull";
  /** The maximum wait for the answer, in milliseconds, at least 1. @default 5000 */
  timeout?: number;
  /** Stops the wait for the answer. */
  signal?: AbortSignal;
  /**
   * The window of this process that the message names as its sender. @default a new window for this
   * call
   */
  from?: WindowTarget;
}

/** Memory that was received by a message. */
export interface ReceivedHandle {
  /** The memory, which the receiver must close. */
  memory: SharedMemory;
  /** The number by which the sender identifies the memory. */
  tag: bigint;
}

/** The objects besides memory that can be passed on, by their kinds. */
export interface SharedObjects {
  /** An event. */
  event: SharedEvent;
  /** A semaphore. */
  semaphore: SharedSemaphore;
  /** A mutex. */
  mutex: SharedMutex;
}

/** An object that was received by a message. */
export interface ReceivedObject<K extends SharedObjectKind> {
  /** The object, which the receiver must close. */
  object: SharedObjects[K];
  /** The number by which the sender identifies the object. */
  tag: bigint;
}

/** Options for receiving a handle. */
export interface ReceiveHandleOptions<K extends SharedObjectKind | "memory"> {
  /** The only form that is accepted. @default both forms */
  form?: "push" | "pull";
  /** The only kind of object that is accepted. @default "memory" */
  of?: K;
}

/** The checks of {@linkcode SendHandleOptions}. */
export const SEND_HANDLE_CHECKS: OptionChecks<SendHandleOptions> = {
  access: oneOf(MEMORY_ACCESS),
  tag(what, value) {
    if (typeof value === "bigint") assertBigInteger(what, value, -(2n ** 63n), 2n ** 64n - 1n);
    else assertInteger(what, value, Number.MIN_SAFE_INTEGER);
  },
  form: oneOf(FORMS),
  timeout: checkTimeout,
  signal: assertSignal,
  from: checkWindow,
};

/** The checks of {@linkcode ReceiveHandleOptions}. */
export const RECEIVE_HANDLE_CHECKS: OptionChecks<ReceiveHandleOptions<"memory">> = {
  form: oneOf(FORMS),
  of: oneOf(["memory", "event", "semaphore", "mutex"]),
};

const ADOPT: {
  [K in SharedObjectKind]: (handle: bigint, access: ObjectAccess) => SharedObjects[K];
} = {
  event: (handle, access) => SharedEvent.fromHandle(handle, { access }),
  semaphore: (handle, access) => SharedSemaphore.fromHandle(handle, { access }),
  mutex: (handle) => SharedMutex.fromHandle(handle),
};

/**
 * Passes a handle of memory or another object on to the process of a window, and describes it by a
 * message.
 *
 * The module of {@linkcode HANDLE_NOTICE} documents the message, so a program in any language can
 * receive the handle. Keep the object open until the promise settles.
 *
 * @example Send memory to a window
 * ```ts
 * import { receiveHandle, sendHandle } from "@winipc/winipc/process";
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { CopyDataListener } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * // In practice, the listener is in another process.
 * await using listener = await CopyDataListener.open({
 *   onMessage(message) {
 *     using memory = receiveHandle(message).memory;
 *     using view = memory.map();
 *     return view.bytes[0]!;
 *   },
 * });
 * using memory = SharedMemory.anonymous(4096);
 * using view = memory.map();
 * view.bytes[0] = 42;
 * assertEquals(await sendHandle(listener, memory), 42n);
 * ```
 *
 * @param target The receiver's window, or its handle.
 * @param object The memory, event, semaphore or mutex.
 * @returns The receiver's answer, never 0.
 * @throws {Deno.errors.ConnectionRefused} If the receiver answered 0; the handle is closed then.
 * @throws {Deno.errors.TimedOut} If there is no answer within `timeout`; the handle is closed then.
 * @throws {Deno.errors.NotFound} If the window does not exist, or its process ends before it
 *   answers.
 * @throws {Deno.errors.PermissionDenied} If this user cannot send that process handles or messages.
 */
export async function sendHandle(
  target: WindowTarget,
  object: SharedMemory | SharedObject,
  options: SendHandleOptions = {},
): Promise<bigint> {
  checkWindow("target", target);
  const receiver = new MessageSender(toWindow("target", target));
  assertShareable(object);
  assertOptions(options, SEND_HANDLE_CHECKS);
  const { tag = 0, form = "push", from, timeout, signal } = options;
  const { pid } = receiver;
  if (pid === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot send a handle of ${object instanceof SharedMemory ? "memory" : object.kind}${
        named(object)
      } to window ${receiver.handle}: there is no such window`,
    );
  }
  using window = from === undefined
    ? MessageWindow.open({ procedure: () => undefined })
    : undefined;
  // An offered handle must grant only the named access, so "pull" needs a duplicate too.
  const owner = form === "push" ? pid : Deno.pid;
  const { duplicate: made, access, byteLength } = duplicateTo(owner, object, options);
  using duplicate = made;
  try {
    const notice = encodeNotice({
      place: form === "push" ? "receiver" : "sender",
      pid: Deno.pid,
      access,
      handle: duplicate.value,
      byteLength,
      tag: BigInt(tag),
    });
    const answer = await sendCopyData(receiver, notice, {
      id: HANDLE_NOTICE,
      from: from ?? window!,
      ...(timeout === undefined ? {} : { timeout }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (answer === 0n) {
      throw new Deno.errors.ConnectionRefused(
        `Process ${pid} refused a handle of ${nounFor(access)}${named(object)}`,
      );
    }
    if (form === "pull") duplicate.revoke();
    return answer;
  } catch (error) {
    duplicate.revoke();
    throw error;
  }
}

/** Makes the handle for a process, and returns it with the notice's contents about it. */
function duplicateTo(
  pid: number,
  object: SharedMemory | SharedObject,
  options: SendHandleOptions,
): { duplicate: DuplicatedHandle; access: Grant; byteLength: number } {
  if (object instanceof SharedObject) {
    return { duplicate: object.duplicateTo(pid), access: grantOf(object), byteLength: 0 };
  }
  const { access = object.access } = options;
  const duplicate = object.duplicateTo(pid, { access });
  return { duplicate, access, byteLength: duplicate.byteLength };
}

function grantOf({ kind, access }: SharedObject): Grant {
  return kind !== "mutex" && access === "wait" ? `${kind} to wait for` : kind;
}

/**
 * Takes over the memory whose handle {@linkcode sendHandle} or another program sent by a message.
 *
 * First this function checks that the message is true: the handle is of a section with the given
 * size and rights, and no object of this script owns it.
 *
 * Call this function in a listener's `onMessage`, because the sender must still wait for its
 * answer. Answer a number other than 0 if you take the handle. If this function throws, let the
 * handler throw too, and the sender closes its handle.
 *
 * With `"push"`, a sender can name any handle of this process that no object of this module owns.
 * Use `form: "pull"` if you do not trust the sender.
 *
 * @example Receive memory, and identify it by its tag
 * ```ts
 * import { receiveHandle, sendHandle } from "@winipc/winipc/process";
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { CopyDataListener } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = new Map<bigint, number>();
 * await using listener = await CopyDataListener.open({
 *   onMessage(message) {
 *     const { memory, tag } = receiveHandle(message);
 *     sizes.set(tag, memory.byteLength);
 *     memory.close();
 *     return 1;
 *   },
 * });
 * using image = SharedMemory.anonymous(8192);
 * await sendHandle(listener, image, { tag: 7, access: "read" });
 * assertEquals(sizes.get(7n), 8192);
 * ```
 *
 * @throws {Deno.errors.InvalidData} If the message is not a notice of a handle of this kind, or
 *   does not match the handle or the sender.
 * @throws {Deno.errors.BadResource} If the value is not a handle of this kind of object, or this
 *   script owns the handle already.
 * @throws {Deno.errors.PermissionDenied} If the form is not accepted, or the sender's process
 *   cannot be opened.
 */
export function receiveHandle(
  message: CopyDataMessage,
  options?: ReceiveHandleOptions<"memory">,
): ReceivedHandle;
/**
 * Takes over an event, a semaphore or a mutex whose handle was sent by a message.
 *
 * @example Receive an event and set it
 * ```ts
 * import { receiveHandle, sendHandle } from "@winipc/winipc/process";
 * import { SharedEvent } from "@winipc/winipc/sync";
 * import { CopyDataListener } from "@winipc/winipc/messages";
 *
 * await using listener = await CopyDataListener.open({
 *   onMessage(message) {
 *     using event = receiveHandle(message, { of: "event" }).object;
 *     event.set();
 *     return 1;
 *   },
 * });
 * using event = SharedEvent.anonymous();
 * await sendHandle(listener, event);
 * await event.wait({ timeout: 10_000 });
 * ```
 *
 * @throws {Deno.errors.InvalidData} If the message is not a notice of a handle of this kind, or
 *   does not match the handle or the sender.
 * @throws {Deno.errors.BadResource} If the value is not a handle of this kind of object, or this
 *   script owns the handle already.
 * @throws {Deno.errors.PermissionDenied} If the form is not accepted, or the sender's process
 *   cannot be opened.
 */
export function receiveHandle<K extends SharedObjectKind>(
  message: CopyDataMessage,
  options: ReceiveHandleOptions<K> & { of: K },
): ReceivedObject<K>;
export function receiveHandle<K extends SharedObjectKind>(
  message: CopyDataMessage,
  options: ReceiveHandleOptions<K | "memory"> = {},
): ReceivedHandle | ReceivedObject<K> {
  assertCopyData(message);
  assertOptions(options, RECEIVE_HANDLE_CHECKS);
  const { form, of = "memory" } = options;
  const notice = readNotice(message, form);
  const { access, byteLength, tag } = notice;
  if (of === "memory") {
    if (access !== "read" && access !== "readwrite") throw refusal(access, of);
    const adopt = (handle: bigint) =>
      sharedMemoryOver(adoptSection(handle, { byteLength, access }), undefined, false);
    return { memory: take(notice, adopt), tag };
  }
  if (nounFor(access) !== of) throw refusal(access, of);
  const adopt = (handle: bigint) => ADOPT[of](handle, access === of ? "modify" : "wait");
  return { object: take(notice, adopt), tag };
}

function checkWindow(what: string, value: unknown): void {
  if (!isWindowTarget(value)) {
    throw new TypeError(`Expected ${what} to be a window or its handle, got ${show(value)}`);
  }
  toWindow(what, value);
}

function isWindowTarget(value: unknown): value is WindowTarget {
  return typeof value === "bigint" || Number.isSafeInteger(value) ||
    typeof value === "object" && value !== null &&
      "handle" in value && typeof value.handle === "bigint";
}

function assertShareable(value: unknown): asserts value is SharedMemory | SharedObject {
  if (value instanceof SharedMemory || value instanceof SharedObject) return;
  throw new TypeError(
    `Expected the object to be memory, an event, a semaphore or a mutex, got ${show(value)}`,
  );
}

/** Throws if a value is not a message of a listener or a window. */
export function assertCopyData(value: unknown): asserts value is CopyDataMessage {
  if (value instanceof CopyDataMessage) return;
  throw new TypeError(`Expected the message to be a CopyDataMessage, got ${show(value)}`);
}

function refusal(access: Grant, of: string): Error {
  return new Deno.errors.InvalidData(
    `Cannot take a handle of ${nounFor(access)}: { of: "${of}" } does not accept it`,
  );
}

/**
 * Returns a space and the object's quoted name for a message, or "" for an object without a name.
 */
function named({ name }: SharedMemory | SharedObject): string {
  return name === undefined ? "" : ` "${name}"`;
}

function nounFor(access: Grant): "memory" | SharedObjectKind {
  switch (access) {
    case "read":
    case "readwrite":
      return "memory";
    case "event to wait for":
      return "event";
    case "semaphore to wait for":
      return "semaphore";
    default:
      return access;
  }
}

function readNotice(message: CopyDataMessage, form: "push" | "pull" | undefined): HandleNotice {
  const notice = decodeNotice(message.id, message.bytes);
  const { pid } = message.sender;
  if (pid !== notice.pid) {
    throw new Deno.errors.InvalidData(
      `Cannot take a handle of process ${notice.pid}: the sender's window belongs to ` +
        `${pid === undefined ? "no process" : `process ${pid}`}`,
    );
  }
  const theirs = notice.place === "sender" ? "pull" : "push";
  if (theirs !== (form ?? theirs)) {
    throw new Deno.errors.PermissionDenied(
      `Cannot take a handle by "${theirs}": { form: "${form}" } does not accept it`,
    );
  }
  return notice;
}

/**
 * Takes a handle over; with "pull", this first duplicates the handle out of the sender's process.
 */
function take<T>(notice: HandleNotice, adopt: (handle: bigint) => T): T {
  if (notice.place === "receiver") return adopt(notice.handle);
  using process = openProcess(notice.pid);
  const kind = `a handle of process ${notice.pid}`;
  const taken = takeHandle(process, notice.handle, kind, { access: RIGHTS[notice.access] });
  const value = taken.release();
  try {
    return adopt(value);
  } catch (error) {
    // This process made this handle, so it must close the handle.
    new Handle(value, kind).close();
    throw error;
  }
}

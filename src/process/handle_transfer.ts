/**
 * Memory and other objects for a process that is running already: a handle that is put there, or
 * offered to be taken, and a message that tells of it.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 * @module
 */

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
import { type MemoryAccess, SharedMemory } from "../memory/mod.ts";
import {
  CopyDataMessage,
  MessageSender,
  MessageWindow,
  sendCopyData,
  type WindowTarget,
} from "../messages/mod.ts";
import {
  type DuplicatedHandle,
  type ObjectAccess,
  SharedEvent,
  SharedMutex,
  SharedObject,
  type SharedObjectKind,
  SharedSemaphore,
} from "../sync/mod.ts";
import { toWindow } from "../messages/window/find.ts";
import { checkTimeout } from "../wait/options.ts";
import {
  decodeNotice,
  encodeNotice,
  type Grant,
  HANDLE_NOTICE,
  type HandleNotice,
  RIGHTS,
} from "./handle_notice.ts";

const FORMS = ["push", "pull"] as const;

/** How to pass something on. */
export interface SendHandleOptions {
  /** What the receiver may do with a memory. @default what it was opened for */
  access?: MemoryAccess;
  /** A number that tells the receiver which one it is. @default 0 */
  tag?: number | bigint;
  /**
   * Who makes the receiver's handle: the sender puts it into the receiver's process
   * (`"push"`), or the receiver takes it out of the sender's (`"pull"`), for one that does not let
   * others touch its handles.
   *
   * @default "push"
   */
  form?: "push" | "pull";
  /** The most to wait for the answer, in milliseconds, at least 1. @default 5000 */
  timeout?: number;
  /** Stops the wait for the answer. */
  signal?: AbortSignal;
  /** A window of this process, which the receiver is to take for the sender's. @default one for this call */
  from?: WindowTarget;
}

/** What came by a notice. */
export interface ReceivedHandle {
  /** The memory, which the receiver has to close. */
  memory: SharedMemory;
  /** The sender's number for it. */
  tag: bigint;
}

/** What can be passed on besides memory. */
export interface SharedObjects {
  /** An event. */
  event: SharedEvent;
  /** A semaphore. */
  semaphore: SharedSemaphore;
  /** A mutex. */
  mutex: SharedMutex;
}

/** What came by a notice. */
export interface ReceivedObject<K extends SharedObjectKind> {
  /** The object, which the receiver has to close. */
  object: SharedObjects[K];
  /** The sender's number for it. */
  tag: bigint;
}

/** What is taken of a notice. */
export interface ReceiveHandleOptions<K extends SharedObjectKind | "memory"> {
  /** Which forms are taken. @default both */
  form?: "push" | "pull";
  /** What is taken; anything else is refused. @default "memory" */
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
 * Gives the process of a window a handle of a memory, an event, a semaphore or a mutex, and tells it
 * so by a message.
 *
 * The message is written down in {@linkcode HANDLE_NOTICE}'s module, so that a program in any
 * language can take part. The object has to stay open until this is over.
 *
 * @param object What is passed on.
 * @returns What the receiver answered, never 0.
 * @throws {Deno.errors.ConnectionRefused} If it answered 0; it has no handle then.
 * @throws {Deno.errors.TimedOut} If there is no answer in time; a handle that was put there is closed again.
 * @throws {Deno.errors.NotFound} If there is no such window, or its process ends meanwhile.
 * @throws {Deno.errors.PermissionDenied} If this user may not give that process handles, or messages.
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
      } to window ${receiver.handle}: there is none`,
    );
  }
  using window = from === undefined
    ? MessageWindow.open({ procedure: () => undefined })
    : undefined;
  // What is offered grants what is named and no more, so a duplicate is made for that as well.
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

/** Makes the handle that a process is given; tells what the notice says of it. */
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
 * Takes what a message tells of, after looking whether it is what it is said to be: a handle that
 * nobody here owns, of a section of that size or another object of that kind, with those rights.
 *
 * It has to be called while the sender waits for its answer, in a listener's `onMessage`; where
 * it throws, the handler throws, and the sender takes its handle back. A handle of this process
 * that belongs to no object of this module cannot be told from one that was put here: where
 * senders are not trusted, `pull` only.
 *
 * @param options What is taken, and in which form.
 * @throws {Deno.errors.InvalidData} If it is no such message, tells of something else, or is untrue.
 * @throws {Deno.errors.BadResource} If it is no handle of that kind of object, or somebody here owns it.
 * @throws {Deno.errors.PermissionDenied} If the form is not taken, or the sender's process cannot be opened.
 */
export function receiveHandle(
  message: CopyDataMessage,
  options?: ReceiveHandleOptions<"memory">,
): ReceivedHandle;
/**
 * Takes an event, a semaphore or a mutex.
 *
 * @param options What is taken, and in which form.
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

/** Throws unless a value is a message of a listener or a window. */
export function assertCopyData(value: unknown): asserts value is CopyDataMessage {
  if (value instanceof CopyDataMessage) return;
  throw new TypeError(`Expected the message to be a CopyDataMessage, got ${show(value)}`);
}

function refusal(access: Grant, of: string): Error {
  return new Deno.errors.InvalidData(`Cannot take a handle of ${nounFor(access)}: only of ${of}`);
}

/** The name of what is passed on, for messages. */
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
      `Cannot take a handle of process ${notice.pid}: the sender's window is of ${pid ?? "none"}`,
    );
  }
  const theirs = notice.place === "sender" ? "pull" : "push";
  if (theirs !== (form ?? theirs)) {
    throw new Deno.errors.PermissionDenied(`Cannot take a handle by ${theirs}: only by ${form}`);
  }
  return notice;
}

/** Takes the handle over, or out of the sender's process first. */
function take<T>(notice: HandleNotice, adopt: (handle: bigint) => T): T {
  if (notice.place === "receiver") return adopt(notice.handle);
  using process = openProcess(notice.pid);
  const kind = `a handle of process ${notice.pid}`;
  const taken = takeHandle(process, notice.handle, kind, { access: RIGHTS[notice.access] });
  const value = taken.release();
  try {
    return adopt(value);
  } catch (error) {
    // This one was made here.
    new Handle(value, kind).close();
    throw error;
  }
}

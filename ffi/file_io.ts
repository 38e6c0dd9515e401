/**
 * Files: their paths, how they are opened, and how they are read and written while the script goes on.
 *
 * Windows writes to the memory of an operation until the operation is over. So this memory must
 * outlive the script: a Worker that is ended gives back all that V8 has, whatever is in flight. It
 * is memory of Windows' own, which the Worker's reaper frees once the operation is cancelled.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/fileio/synchronous-and-asynchronous-i-o}
 * @module
 */

import { errorFromCode, lastError, lastErrorCode } from "./error.ts";
import {
  forgetResource,
  Handle,
  INVALID_HANDLE_VALUE,
  noteResource,
  OPERATION,
  RESOURCE,
} from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { securityAttributes } from "./win32/types.ts";
import { assertWide, encodeWide, MAX_TEXT, readWide } from "./wide.ts";
import { createEvent } from "./kernel_object.ts";

/** How to open a file. */
export interface OpenFileOptions {
  /** The rights to ask for, out of {@linkcode GENERIC_READ} and {@linkcode GENERIC_WRITE}. */
  access: number;
  /** What others may do meanwhile, as a mask. */
  share: number;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /** What it is, for messages: `"pipe"`. */
  kind: string;
  /** What is being tried, for messages: `Cannot open a pipe`. */
  attempt: string;
}

/** The right to read. */
export const GENERIC_READ = 0x8000_0000;
/** The right to write. */
export const GENERIC_WRITE = 0x4000_0000;

const OPEN_EXISTING = 3;

/**
 * Opens a file that is there.
 *
 * @throws {Deno.errors.NotFound} If there is none.
 * @throws {Deno.errors.PermissionDenied} If this user may not open it.
 * @throws {TypeError} If the path has a NUL in it.
 * @throws {RangeError} If the path has more than 32,766 characters.
 */
export function openExistingFile(path: string, options: OpenFileOptions): Handle {
  // Wine opens another file by the path's beginning where the path is longer and begins with \\?\.
  assertWide("path", path, { max: MAX_TEXT });
  const { access, share, inheritable = false, kind, attempt } = options;
  const attributes = inheritable ? securityAttributes(null, true) : null;
  const { CreateFileW } = kernel32();
  const value = CreateFileW(encodeWide(path), access, share, attributes, OPEN_EXISTING, 0, 0n);
  if (value === INVALID_HANDLE_VALUE) throw lastError("CreateFileW", attempt);
  return new Handle(value, kind);
}

/**
 * Gives the path that a caller means, as `Deno.Command` and `Deno.open` read it.
 *
 * @param what What it is, for messages: `"cwd"`.
 * @param location A path, or a `file:` URL.
 * @throws {TypeError} If it is neither, or has a NUL in it.
 * @throws {RangeError} If it has more than 32,766 characters.
 */
export function toPath(what: string, location: unknown): string {
  const path: unknown = location instanceof URL ? pathOf(what, location) : location;
  assertWide(what, path, { max: MAX_TEXT });
  return path;
}

/** A URL has a host only where the path begins with none but a drive's letter. */
function pathOf(what: string, url: URL): string {
  if (url.protocol !== "file:") {
    throw new TypeError(`Expected ${what} to be a path or a file: URL, got "${url}"`);
  }
  const local = decode(what, url).replace(/^\\+([A-Za-z]:)(?:\\|$)/, "$1\\");
  return url.hostname === "" ? local : `\\\\${url.hostname}${local}`;
}

function decode(what: string, url: URL): string {
  // A URL keeps a percent sign that begins no escape sequence.
  const escaped = url.pathname.replaceAll("/", "\\").replace(/%(?![0-9A-Fa-f]{2})/g, "%25");
  try {
    return decodeURIComponent(escaped);
  } catch (cause) {
    throw new TypeError(`Expected ${what} to be a file: URL in UTF-8, got "${url}"`, { cause });
  }
}

const INVALID_FILE_ATTRIBUTES = 0xffff_ffff;
const FILE_ATTRIBUTE_DIRECTORY = 0x10;
const ERROR_ACCESS_DENIED = 5;

/**
 * What there is at a path; `undefined` if there is nothing, or nothing that this user may see.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileattributesw}
 */
export function fileKind(path: string): "file" | "folder" | undefined {
  const attributes = kernel32().GetFileAttributesW(encodeWide(path));
  if (attributes === INVALID_FILE_ATTRIBUTES) return undefined;
  return (attributes & FILE_ATTRIBUTE_DIRECTORY) === 0 ? "file" : "folder";
}

/**
 * Throws if there is no folder at a path. One that this user may not look at is let through: it may be
 * there.
 *
 * @param attempt What is being tried, for messages.
 * @throws {Deno.errors.NotFound} If there is nothing, or a file.
 */
export function assertFolder(path: string, attempt: string): void {
  const kind = fileKind(path);
  if (kind === "folder") return;
  if (kind === "file") throw new Deno.errors.NotFound(`${attempt}: it is a file, and no folder`);
  const code = lastErrorCode();
  if (code === ERROR_ACCESS_DENIED) return;
  const hint = "there is no such folder";
  throw errorFromCode(code, "GetFileAttributesW", attempt, { as: "NotFound", hint });
}

/**
 * The whole path that a relative one means in this process, without dots and spaces at its end.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfullpathnamew}
 */
export function fullPath(path: string): string {
  const wide = encodeWide(path);
  const { GetFullPathNameW } = kernel32();
  const whole = readWide((buffer) => GetFullPathNameW(wide, buffer.length, buffer, null));
  if (whole === "") throw lastError("GetFullPathNameW", `Cannot tell what ${path} means`);
  return whole;
}

const ERROR_IO_PENDING = 997;
const STATUS_PENDING = 0x103n;
const MEM_COMMIT_AND_RESERVE = 0x3000;
const MEM_RELEASE = 0x8000;
const PAGE_READWRITE = 0x4;
/** Where the event is in an `OVERLAPPED`, and how long that is. */
const EVENT_AT = 24;
const OVERLAPPED_LENGTH = 32;

/** Frees the memory of what was forgotten, which nothing can be in flight of: a wait would refer to it. */
const forgotten = new FinalizationRegistry<bigint>(free);

/** The operations of a file that was opened to be read and written this way, one at a time. */
export class OverlappedFile implements Disposable {
  /** Is set when the operation is over. */
  readonly done: Handle;
  readonly #file: Handle;
  readonly #address: bigint;
  readonly #overlapped: Uint8Array<ArrayBuffer>;
  /** The operation's status, which Windows writes last. */
  readonly #status: BigInt64Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  #closed = false;

  /**
   * Takes a file over.
   *
   * @param file The file, which is closed with this object, also if this throws.
   * @param capacity The most bytes that are read or written at once.
   */
  constructor(file: Handle, capacity: number) {
    this.#file = file;
    try {
      this.done = createEvent(file.kind, true);
    } catch (error) {
      file.close();
      throw error;
    }
    const length = OPERATION.data + capacity;
    const memory = kernel32().VirtualAlloc(
      null,
      BigInt(length),
      MEM_COMMIT_AND_RESERVE,
      PAGE_READWRITE,
    );
    if (memory === null) {
      const error = lastError("VirtualAlloc", `Cannot use ${file.kind}`);
      this.done.close();
      file.close();
      throw error;
    }
    this.#address = Deno.UnsafePointer.value(memory);
    const buffer = Deno.UnsafePointerView.getArrayBuffer(memory, length);
    this.#overlapped = new Uint8Array(buffer, OPERATION.overlapped, OVERLAPPED_LENGTH);
    this.#data = new Uint8Array(buffer, OPERATION.data, capacity);
    this.#status = new BigInt64Array(buffer, OPERATION.overlapped, 1);
    const view = new DataView(buffer);
    view.setBigUint64(OPERATION.overlapped + EVENT_AT, this.done.value, true);
    view.setBigUint64(OPERATION.file, file.value, true);
    noteResource(this.#address | RESOURCE.operation);
    forgotten.register(this, this.#address, this);
  }

  /**
   * Begins to read.
   *
   * @returns The error's code; 0 if it has begun, and {@linkcode done} will be set.
   */
  beginRead(): number {
    return this.#begin("ReadFile", this.#data.length);
  }

  /**
   * Begins to write.
   *
   * @param bytes The bytes, at most the capacity, which are copied.
   * @returns The error's code; 0 if it has begun, and {@linkcode done} will be set.
   */
  beginWrite(bytes: Uint8Array): number {
    this.#data.set(bytes);
    return this.#begin("WriteFile", bytes.length);
  }

  /**
   * What came of the operation that is over.
   *
   * @returns How many bytes were read or written, or the error's code.
   */
  result(): { length: number } | { code: number } {
    const length = new Uint32Array(1);
    const { GetOverlappedResult } = kernel32();
    if (GetOverlappedResult(this.#file.value, this.#overlapped, length, 0)) {
      return { length: length[0]! };
    }
    return { code: lastErrorCode() };
  }

  /** A copy of the first bytes that were read. */
  read(length: number): Uint8Array<ArrayBuffer> {
    return this.#data.slice(0, length);
  }

  /** Has the operation be over soon, if there is one. */
  cancel(): void {
    kernel32().CancelIoEx(this.#file.value, null);
  }

  /** Closes the file; an operation that is in flight is cancelled first. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#isInFlight) {
      this.cancel();
      kernel32().GetOverlappedResult(this.#file.value, this.#overlapped, new Uint32Array(1), 1);
    }
    this.#data.buffer.transfer(0);
    forgotten.unregister(this);
    free(this.#address);
    this.#file.close();
    this.done.close();
  }

  /** Closes the file at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether Windows may still write to the memory. */
  get #isInFlight(): boolean {
    return Atomics.load(this.#status, 0) === STATUS_PENDING;
  }

  #begin(api: "ReadFile" | "WriteFile", length: number): number {
    if (this.#isInFlight) throw new Deno.errors.Busy(`The ${this.#file.kind} is in use`);
    if (kernel32()[api](this.#file.value, this.#data, length, null, this.#overlapped)) return 0;
    const code = lastErrorCode();
    if (code === ERROR_IO_PENDING) return 0;
    // Windows leaves the status of one that has not begun at "pending".
    Atomics.store(this.#status, 0, 0n);
    return code;
  }
}

function free(address: bigint): void {
  forgetResource(address | RESOURCE.operation);
  kernel32().VirtualFree(Deno.UnsafePointer.create(address), 0n, MEM_RELEASE);
}

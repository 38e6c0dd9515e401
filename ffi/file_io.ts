/**
 * Resolves paths, opens files, and reads and writes them without blocking the script.
 *
 * Windows writes to the memory of an operation until the operation is over. V8 frees the memory of
 * a Worker that is ended, even if an operation is in flight. So the operations use memory that
 * Windows allocates. If the Worker ends, its reaper cancels the operation and then frees this
 * memory.
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

/** The rights, the sharing and the messages for {@linkcode openExistingFile}. */
export interface OpenFileOptions {
  /** The rights to ask for: {@linkcode GENERIC_READ}, {@linkcode GENERIC_WRITE} or their sum. */
  access: number;
  /** The rights that later opens of the file can get while this handle is open, as a mask. */
  share: number;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /** The kind of file, for messages: `"pipe"`. */
  kind: string;
  /** The attempt that failed, for messages: `Cannot open a pipe`. */
  attempt: string;
}

/** The right to read. */
export const GENERIC_READ = 0x8000_0000;
/** The right to write. */
export const GENERIC_WRITE = 0x4000_0000;

const OPEN_EXISTING = 3;

/**
 * Opens an existing file.
 *
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.PermissionDenied} If this user is not allowed to open the file with these
 *   rights.
 * @throws {TypeError} If the path contains a NUL.
 * @throws {RangeError} If the path has more than 32,766 characters.
 */
export function openExistingFile(path: string, options: OpenFileOptions): Handle {
  // Wine cuts a longer path that begins with \\?\, and so opens a different file.
  assertWide("path", path, { max: MAX_TEXT });
  const { access, share, inheritable = false, kind, attempt } = options;
  const attributes = inheritable ? securityAttributes(null, true) : null;
  const { CreateFileW } = kernel32();
  const value = CreateFileW(encodeWide(path), access, share, attributes, OPEN_EXISTING, 0, 0n);
  if (value === INVALID_HANDLE_VALUE) throw lastError("CreateFileW", attempt);
  return new Handle(value, kind);
}

/**
 * Converts a path or a `file:` URL to a path, as `Deno.Command` and `Deno.open` do.
 *
 * @param what The location's name in messages: `"cwd"`.
 * @param location A path, or a `file:` URL.
 * @throws {TypeError} If the location is neither, or contains a NUL.
 * @throws {RangeError} If the path has more than 32,766 characters.
 */
export function toPath(what: string, location: unknown): string {
  const path: unknown = location instanceof URL ? pathOf(what, location) : location;
  assertWide(what, path, { max: MAX_TEXT });
  return path;
}

/** Converts a `file:` URL to a path. Its host, if it has one, becomes the server of a UNC path. */
function pathOf(what: string, url: URL): string {
  if (url.protocol !== "file:") {
    throw new TypeError(`Expected ${what} to be a path or a file: URL, got "${url}"`);
  }
  const local = decode(what, url).replace(/^\\+([A-Za-z]:)(?:\\|$)/, "$1\\");
  return url.hostname === "" ? local : `\\\\${url.hostname}${local}`;
}

function decode(what: string, url: URL): string {
  // A URL can have percent signs that begin no escape sequence. They are part of the name.
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
 * Returns the kind of a path: `undefined` if nothing exists there, or this user is not allowed to
 * see it.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileattributesw}
 */
export function fileKind(path: string): "file" | "folder" | undefined {
  const attributes = kernel32().GetFileAttributesW(encodeWide(path));
  if (attributes === INVALID_FILE_ATTRIBUTES) return undefined;
  return (attributes & FILE_ATTRIBUTE_DIRECTORY) === 0 ? "file" : "folder";
}

/**
 * Throws if there is no folder at a path. A folder that this user is not allowed to look at passes,
 * because it can exist.
 *
 * @param attempt The attempt that failed, for the message: `Cannot start "a.exe" in "C:\\b"`.
 * @throws {Deno.errors.NotFound} If there is nothing at the path, or a file.
 */
export function assertFolder(path: string, attempt: string): void {
  const kind = fileKind(path);
  if (kind === "folder") return;
  if (kind === "file") {
    throw new Deno.errors.NotFound(`${attempt}: the path is a file, not a folder`);
  }
  const code = lastErrorCode();
  if (code === ERROR_ACCESS_DENIED) return;
  const hint = "there is no such folder";
  throw errorFromCode(code, "GetFileAttributesW", attempt, { as: "NotFound", hint });
}

/**
 * Returns the full path of a path in this process, without dots and spaces at its end.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfullpathnamew}
 */
export function fullPath(path: string): string {
  const wide = encodeWide(path);
  const { GetFullPathNameW } = kernel32();
  const whole = readWide((buffer) => GetFullPathNameW(wide, buffer.length, buffer, null));
  if (whole === "") throw lastError("GetFullPathNameW", `Cannot find the full path of ${path}`);
  return whole;
}

const ERROR_IO_PENDING = 997;
const STATUS_PENDING = 0x103n;
const MEM_COMMIT_AND_RESERVE = 0x3000;
const MEM_RELEASE = 0x8000;
const PAGE_READWRITE = 0x4;
/** The offset of the event in an `OVERLAPPED`, and the struct's size, in bytes. */
const EVENT_AT = 24;
const OVERLAPPED_LENGTH = 32;

/**
 * Frees the memory of forgotten files. No operation can be in flight then, because a wait for it
 * would keep the file reachable.
 */
const forgotten = new FinalizationRegistry<bigint>(free);

/** Reads and writes a file that was opened for overlapped operations, one operation at a time. */
export class OverlappedFile implements Disposable {
  /** An event that is set when the operation is over. */
  readonly done: Handle;
  readonly #file: Handle;
  readonly #address: bigint;
  readonly #overlapped: Uint8Array<ArrayBuffer>;
  /** The operation's status, which Windows writes last. */
  readonly #status: BigInt64Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  #closed = false;

  /**
   * Takes over a file.
   *
   * @param file The file. It is closed with this object, and also if the constructor throws.
   * @param capacity The maximum size of one read or write, in bytes.
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
      const error = lastError("VirtualAlloc", `Cannot allocate memory for ${file.kind}`);
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
   * @returns An error code, or 0 if the operation has begun. Then {@linkcode done} will be set.
   */
  beginRead(): number {
    return this.#begin("ReadFile", this.#data.length);
  }

  /**
   * Begins to write.
   *
   * @param bytes At most `capacity` bytes. They are copied.
   * @returns An error code, or 0 if the operation has begun. Then {@linkcode done} will be set.
   */
  beginWrite(bytes: Uint8Array): number {
    this.#data.set(bytes);
    return this.#begin("WriteFile", bytes.length);
  }

  /**
   * Returns the result of an operation that is over: the number of bytes read or written, or an
   * error code.
   */
  result(): { length: number } | { code: number } {
    const length = new Uint32Array(1);
    const { GetOverlappedResult } = kernel32();
    if (GetOverlappedResult(this.#file.value, this.#overlapped, length, 0)) {
      return { length: length[0]! };
    }
    return { code: lastErrorCode() };
  }

  /** Returns a copy of the first bytes that were read. */
  read(length: number): Uint8Array<ArrayBuffer> {
    return this.#data.slice(0, length);
  }

  /** Asks Windows to cancel the operation in flight, if there is one. */
  cancel(): void {
    kernel32().CancelIoEx(this.#file.value, null);
  }

  /** Closes the file. If an operation is in flight, it is cancelled first. */
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

  /** Whether an operation is in flight, so that Windows can still write to the memory. */
  get #isInFlight(): boolean {
    return Atomics.load(this.#status, 0) === STATUS_PENDING;
  }

  #begin(api: "ReadFile" | "WriteFile", length: number): number {
    if (this.#isInFlight) {
      throw new Deno.errors.Busy(`The ${this.#file.kind} is in use by another operation`);
    }
    if (kernel32()[api](this.#file.value, this.#data, length, null, this.#overlapped)) return 0;
    const code = lastErrorCode();
    if (code === ERROR_IO_PENDING) return 0;
    // Windows leaves the status at "pending" if the operation could not begin.
    Atomics.store(this.#status, 0, 0n);
    return code;
  }
}

function free(address: bigint): void {
  forgetResource(address | RESOURCE.operation);
  kernel32().VirtualFree(Deno.UnsafePointer.create(address), 0n, MEM_RELEASE);
}

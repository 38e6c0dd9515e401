/**
 * Resolves paths, opens files, and reads and writes them while the script does other things.
 *
 * Windows writes to the memory of an overlapped operation until the operation is over. V8 frees the
 * memory of a Worker that is ended, even if an operation is in flight. So an operation uses memory
 * that Windows allocates. If the Worker ends, its reaper cancels the operation and then frees this
 * memory.
 *
 * `ReadFile` says only by the thread's last error that an operation is in flight. V8 and Deno can
 * change the last error before the script asks for it. So this module calls the kernel's own
 * functions, which return the status.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/fileio/naming-a-file}
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
import { ntdll } from "./win32/ntdll.ts";

/** The rights, the sharing and the messages for {@linkcode openExistingFile}. */
export interface OpenFileOptions {
  /** The rights to ask for: {@linkcode GENERIC_READ}, {@linkcode GENERIC_WRITE} or their sum. */
  access: number;
  /** The rights that later opens of the file can get while this handle is open, as a mask. */
  share: number;
  /** Further flags, such as `FILE_FLAG_OVERLAPPED`, as a mask. @default 0 */
  flags?: number;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /** The kind of file, for messages: `"pipe"`. */
  kind: string;
  /** The attempt that failed, for messages: `Cannot open a pipe`. */
  attempt: string;
  /** The advice if there is no such file, for messages. @default none */
  ifMissing?: string;
}

const ERROR_FILE_NOT_FOUND = 2;

/** The right to read. */
export const GENERIC_READ = 0x8000_0000;
/** The right to write. */
export const GENERIC_WRITE = 0x4000_0000;

/** All rights of {@linkcode GENERIC_READ} to a file, a pipe or a mailslot. */
export const FILE_GENERIC_READ = 0x12_0089;
/** All rights of {@linkcode GENERIC_WRITE}. To a pipe, they include `FILE_CREATE_PIPE_INSTANCE`. */
export const FILE_GENERIC_WRITE = 0x12_0116;
/** The right to read bytes. */
export const FILE_READ_DATA = 1;
/** The right to write bytes. */
export const FILE_WRITE_DATA = 2;

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
  const { access, share, flags = 0, inheritable = false, kind, attempt, ifMissing } = options;
  const attributes = inheritable ? securityAttributes(null, true) : null;
  const { CreateFileW } = kernel32();
  const value = CreateFileW(encodeWide(path), access, share, attributes, OPEN_EXISTING, flags, 0n);
  if (value === INVALID_HANDLE_VALUE) {
    const code = lastErrorCode();
    const isMissing = code === ERROR_FILE_NOT_FOUND && ifMissing !== undefined;
    throw errorFromCode(code, "CreateFileW", attempt, isMissing ? { hint: ifMissing } : {});
  }
  return new Handle(value, kind);
}

/**
 * Returns the path of a pipe or a mailslot in the form in which Windows takes the name as it is.
 *
 * In a path that begins with `\\.\`, Windows resolves "..", so a name could lead to any file.
 *
 * @param path A path that begins with `\\.\`, or with the name of a machine.
 */
export function literalPath(path: string): string {
  return path.replace(/^\\\\\.\\/, "\\\\?\\");
}

/** Returns the kernel's own name of a pipe or a mailslot whose path begins with `\\.\\`. */
export function kernelName(path: string): string {
  return path.replace(/^\\\\\.\\/, "\\??\\");
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

const ERROR_MORE_DATA = 234;
const STATUS_PENDING = 0x103;
const STATUS_BUFFER_OVERFLOW = 0x8000_0005 | 0;
const FSCTL_PIPE_LISTEN = 0x11_0008;
/** The offset of a read or a write. Pipes and mailslots have none. */
const NO_OFFSET = new BigInt64Array(1);
const MEM_COMMIT_AND_RESERVE = 0x3000;
const MEM_RELEASE = 0x8000;
const PAGE_READWRITE = 0x4;
/** The offsets of the fields of an `OVERLAPPED`, and its size, in bytes. */
const OVERLAPPED = { Internal: 0, InternalHigh: 8, hEvent: 24, byteLength: 32 } as const;

/** The result of an operation that is over. */
export interface OperationResult {
  /** The number of bytes that were read or written. It can be positive even after a failure. */
  length: number;
  /** The error code, or 0. */
  code: number;
}

/**
 * The operations that can be in flight. Windows writes to their memory, so they must not be
 * collected, even if the script has forgotten the file.
 */
const inFlight = new Set<OverlappedOperation>();

/** Frees the memory of forgotten operations, none of which is in flight. */
const forgotten = new FinalizationRegistry<bigint>(free);

/** The memory of one operation at a time on a file that was opened for overlapped operations. */
export class OverlappedOperation implements Disposable {
  readonly #file: Handle;
  readonly #done: Handle;
  #address = 0n;
  #overlapped: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** The fields `Internal` and `InternalHigh`: the status, which Windows writes last; the length. */
  #outcome: Int32Array<ArrayBuffer> = new Int32Array(3);
  #data: Uint8Array<ArrayBuffer> = new Uint8Array();

  /**
   * Prepares operations on a file; none begins yet.
   *
   * @param file The file. It must stay open until this object is closed.
   * @param done A manual-reset event, which Windows sets when an operation is over. It must stay
   *   open until this object is closed.
   */
  constructor(file: Handle, done: Handle) {
    this.#file = file;
    this.#done = done;
  }

  /** Whether Windows still works on the operation that has begun. */
  get isInFlight(): boolean {
    return Atomics.load(this.#outcome, 0) === STATUS_PENDING;
  }

  /** The bytes to write, or the bytes that were read. `reserve()` and `close()` detach them. */
  get data(): Uint8Array<ArrayBuffer> {
    return this.#data;
  }

  /**
   * Makes room for the bytes of the next operation. No operation may be in flight.
   *
   * @param capacity The size of {@linkcode data}, in bytes.
   */
  reserve(capacity: number): void {
    if (capacity === this.#data.length && this.#address !== 0n) return;
    this.#free();
    const length = OPERATION.data + capacity;
    const size = BigInt(length);
    const memory = kernel32().VirtualAlloc(null, size, MEM_COMMIT_AND_RESERVE, PAGE_READWRITE);
    if (memory === null) {
      throw lastError("VirtualAlloc", `Cannot allocate memory for the ${this.#file.kind}`);
    }
    this.#address = Deno.UnsafePointer.value(memory);
    const buffer = Deno.UnsafePointerView.getArrayBuffer(memory, length);
    this.#overlapped = new Uint8Array(buffer, OPERATION.overlapped, OVERLAPPED.byteLength);
    this.#outcome = new Int32Array(buffer, OPERATION.overlapped + OVERLAPPED.Internal, 3);
    this.#data = new Uint8Array(buffer, OPERATION.data, capacity);
    const view = new DataView(buffer);
    view.setBigUint64(OPERATION.overlapped + OVERLAPPED.hEvent, this.#done.value, true);
    view.setBigUint64(OPERATION.file, this.#file.value, true);
    noteResource(this.#address | RESOURCE.operation);
    forgotten.register(this, this.#address, this);
  }

  /**
   * Begins to read into {@linkcode data}.
   *
   * @returns The result if the operation is already over, or `undefined` if it is in flight.
   */
  beginRead(): OperationResult | undefined {
    const { NtReadFile } = ntdll();
    const { length } = this.#data;
    return this.#begin((file, done, io) =>
      NtReadFile(file, done, null, null, io, this.#data, length, NO_OFFSET, null)
    );
  }

  /**
   * Begins to write the first bytes of {@linkcode data}.
   *
   * @param length The number of bytes. With 0, Windows writes an empty message.
   * @returns The result if the operation is already over, or `undefined` if it is in flight.
   */
  beginWrite(length: number): OperationResult | undefined {
    const { NtWriteFile } = ntdll();
    return this.#begin((file, done, io) =>
      NtWriteFile(file, done, null, null, io, this.#data, length, NO_OFFSET, null)
    );
  }

  /**
   * Begins to wait for a client, if the file is an instance of a named pipe.
   *
   * @returns The result if the operation is already over, or `undefined` if it is in flight.
   */
  beginConnect(): OperationResult | undefined {
    const { NtFsControlFile } = ntdll();
    return this.#begin((file, done, io) =>
      NtFsControlFile(file, done, null, null, io, FSCTL_PIPE_LISTEN, null, 0, null, 0)
    );
  }

  /** Takes the result of an operation that is over. */
  takeResult(): OperationResult {
    inFlight.delete(this);
    const status = this.#outcome[0]!;
    const code = status === 0 ? 0 : ntdll().RtlNtStatusToDosError(status);
    // Windows does not write a length for an operation that was cancelled or that has failed.
    return { length: code === 0 || code === ERROR_MORE_DATA ? this.#outcome[2]! : 0, code };
  }

  /** Asks Windows to cancel the operation in flight, if there is one. */
  cancel(): void {
    if (this.isInFlight) kernel32().CancelIoEx(this.#file.value, this.#overlapped);
  }

  /** Cancels the operation in flight, if there is one, and frees the memory. */
  close(): void {
    if (this.isInFlight) {
      this.cancel();
      kernel32().GetOverlappedResult(this.#file.value, this.#overlapped, new Uint32Array(1), 1);
    }
    inFlight.delete(this);
    this.#free();
  }

  /** Closes the operation at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Begins an operation.
   *
   * @param start Calls the kernel. An `OVERLAPPED` begins with an `IO_STATUS_BLOCK`.
   */
  #begin(
    start: (file: bigint, done: bigint, io: Uint8Array<ArrayBuffer>) => number,
  ): OperationResult | undefined {
    Atomics.store(this.#outcome, 0, STATUS_PENDING);
    const status = start(this.#file.value, this.#done.value, this.#overlapped);
    if (status === STATUS_PENDING) {
      inFlight.add(this);
      return undefined;
    }
    if (status === 0 || status === STATUS_BUFFER_OVERFLOW) return this.takeResult();
    // The kernel leaves the status at "pending" if the operation could not begin.
    Atomics.store(this.#outcome, 0, 0);
    return { length: 0, code: ntdll().RtlNtStatusToDosError(status) };
  }

  #free(): void {
    if (this.#address === 0n) return;
    this.#data.buffer.transfer(0);
    this.#overlapped = new Uint8Array();
    this.#outcome = new Int32Array(3);
    this.#data = new Uint8Array();
    forgotten.unregister(this);
    free(this.#address);
    this.#address = 0n;
  }
}

function free(address: bigint): void {
  forgetResource(address | RESOURCE.operation);
  kernel32().VirtualFree(Deno.UnsafePointer.create(address), 0n, MEM_RELEASE);
}

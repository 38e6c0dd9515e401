/**
 * Overlapped operations: reads, writes and connects that go on while the script does other things.
 *
 * Windows writes to the memory of an operation until the operation is over. V8 frees the memory of
 * a Worker that is ended, even if an operation is in flight. So an operation uses memory that
 * Windows allocates. If the Worker ends, its reaper cancels the operation and then frees this
 * memory.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/fileio/synchronous-and-asynchronous-i-o}
 * @module
 */

import { lastError, lastErrorCode } from "./error.ts";
import { forgetResource, type Handle, noteResource, OPERATION, RESOURCE } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { ntdll } from "./win32/ntdll.ts";

const ERROR_MORE_DATA = 234;
const ERROR_IO_PENDING = 997;
const STATUS_PENDING = 0x103;
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
    const { ReadFile } = kernel32();
    const { value } = this.#file;
    return this.#begin(ReadFile(value, this.#data, this.#data.length, null, this.#overlapped));
  }

  /**
   * Begins to write the first bytes of {@linkcode data}.
   *
   * @param length The number of bytes. With 0, Windows writes an empty message.
   * @returns The result if the operation is already over, or `undefined` if it is in flight.
   */
  beginWrite(length: number): OperationResult | undefined {
    const { WriteFile } = kernel32();
    return this.#begin(WriteFile(this.#file.value, this.#data, length, null, this.#overlapped));
  }

  /**
   * Begins to wait for a client, if the file is an instance of a named pipe.
   *
   * @returns The result if the operation is already over, or `undefined` if it is in flight.
   */
  beginConnect(): OperationResult | undefined {
    return this.#begin(kernel32().ConnectNamedPipe(this.#file.value, this.#overlapped));
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

  /** Returns the result of an operation whose call has just returned `isDone`. */
  #begin(isDone: number): OperationResult | undefined {
    if (isDone) return this.takeResult();
    const code = lastErrorCode();
    if (code === ERROR_IO_PENDING) {
      inFlight.add(this);
      return undefined;
    }
    if (code === ERROR_MORE_DATA) return this.takeResult();
    // Windows leaves the status at "pending" if the operation could not begin.
    Atomics.store(this.#outcome, 0, 0);
    return { length: 0, code };
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

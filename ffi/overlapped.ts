/**
 * Reading and writing while the script goes on.
 *
 * Windows writes to the memory of an operation until the operation is over. So this memory must
 * outlive the script: a Worker that is ended gives back all that V8 has, whatever is in flight. It
 * is memory of Windows' own, which the Worker's reaper frees once the operation is cancelled.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/fileio/synchronous-and-asynchronous-i-o}
 * @module
 */

import { lastError, lastErrorCode } from "./error.ts";
import { createEvent } from "./kernel_event.ts";
import type { Handle } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { forgetResource, noteResource, OPERATION, RESOURCE } from "./reaper.ts";

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

/**
 * Web Streams over files.
 *
 * @module
 */

import { type ByteSource, copyOfBytes } from "../../ffi/arguments.ts";

/** The functions of a file that a stream reads. */
export interface StreamSource {
  /** Reads the next bytes, or returns `undefined` at the end. */
  read: () => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Called at the end, on cancel and after an error. */
  end: () => void;
}

/** Returns a stream that reads a file only when the script reads the stream. */
export function readableOf({ read, end }: StreamSource): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      let isOpen = false;
      try {
        const bytes = await read();
        isOpen = bytes !== undefined;
        if (isOpen) controller.enqueue(bytes);
        else controller.close();
      } finally {
        if (!isOpen) end();
      }
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

/** The functions of a file that a stream writes to. */
export interface StreamSink {
  /** The kind of file, for messages: `a pipe`. */
  what: string;
  /** Writes all bytes. */
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>;
  /** Called when the script closes the stream. */
  close: () => void | Promise<void>;
  /** Called when the script aborts the stream, and after an error. */
  abort: () => void;
}

/** Returns a stream that writes each chunk whole. */
export function writableOf({ what, write, close, abort }: StreamSink): WritableStream<ByteSource> {
  return new WritableStream({
    start(controller) {
      // abort() below is called only when no write is pending. A write to a full pipe can be
      // pending for ever, so the signal aborts it.
      controller.signal.addEventListener("abort", abort);
    },
    async write(chunk) {
      try {
        // This writes a copy, because the script can transfer its bytes away while the pipe is
        // full.
        await write(copyOfBytes(`a chunk for ${what}`, chunk));
      } catch (error) {
        // The stream is errored now and calls neither close() nor abort() any more.
        abort();
        throw error;
      }
    },
    close,
    abort,
  });
}

/**
 * Standard input, output and error of child processes.
 *
 * @module
 */

import { type ByteSource, copyOfBytes } from "../../ffi/bytes.ts";
import { standardHandle } from "../../ffi/create_process.ts";
import type { Handle } from "../../ffi/handle.ts";
import { PipeEnd } from "./pipe_end.ts";

/** What a child's standard input, output or error is: this process's, nothing, or a stream. */
export type Stdio = "inherit" | "null" | "piped";

/** The words of {@linkcode Stdio}. */
export const STDIO = ["inherit", "null", "piped"] as const;

/** The child's end, and what this process does with its own. */
export interface StdioEnd {
  /** The child's, which is closed here once the child has it. */
  handle: Handle;
  /** This process's, where it is a pipe. */
  pipe: PipeEnd | undefined;
}

/** Opens one of the three. */
export function openStdio(which: "stdin" | "stdout" | "stderr", kind: Stdio): StdioEnd {
  if (kind !== "piped") {
    return { handle: standardHandle(which, kind === "inherit"), pipe: undefined };
  }
  const { ours, theirs } = PipeEnd.create(which);
  return { handle: theirs, pipe: ours };
}

/** What comes out of a pipe. */
export function readableOf(pipe: PipeEnd): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      let isOpen = false;
      try {
        const bytes = await pipe.read();
        isOpen = bytes !== undefined;
        if (isOpen) controller.enqueue(bytes);
        else controller.close();
      } finally {
        if (!isOpen) pipe.close();
      }
    },
    cancel: () => pipe.close(),
    // Nothing is read before somebody wants it.
  }, { highWaterMark: 0 });
}

/** What goes into a pipe, whose end it is when a write fails. */
export function writableOf(pipe: PipeEnd): WritableStream<ByteSource> {
  return new WritableStream({
    start(controller) {
      // abort() below is called only when no write is pending, and one to a full pipe can be for ever.
      controller.signal.addEventListener("abort", () => pipe.close());
    },
    async write(chunk) {
      try {
        // A copy, for the script may transfer its own away while the pipe is full.
        await pipe.write(copyOfBytes("what is written to a pipe", chunk));
      } catch (error) {
        // The stream has an error now, and calls nothing of this any more.
        pipe.close();
        throw error;
      }
    },
    close: () => pipe.close(),
    abort: () => pipe.close(),
  });
}

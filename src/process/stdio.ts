/**
 * Standard input, output and error of child processes.
 *
 * @module
 */

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
  const { ours, theirs } = PipeEnd.create(which === "stdin" ? "write" : "read");
  return { handle: theirs, pipe: ours };
}

/** What comes out of a pipe. */
export function readableOf(pipe: PipeEnd): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const bytes = await pipe.read();
      if (bytes !== undefined) return controller.enqueue(bytes);
      pipe.close();
      controller.close();
    },
    cancel: () => pipe.close(),
    // Nothing is read before somebody wants it.
  }, { highWaterMark: 0 });
}

/** What goes into a pipe. */
export function writableOf(pipe: PipeEnd): WritableStream<Uint8Array<ArrayBuffer>> {
  return new WritableStream({
    write: (bytes) => pipe.write(bytes),
    close: () => pipe.close(),
    abort: () => pipe.close(),
  });
}

/**
 * Waits until the peer of a pipe has read everything.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers}
 * @module
 */

import type { Handle } from "../../ffi/handle.ts";
import { inWorker } from "../../ffi/platform.ts";
import { isPeerGone } from "../../ffi/named_pipe.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { onPoolThread } from "../sync/pool_thread_wait.ts";
import { RepeatingTimer } from "../wait/options.ts";

/** Pauses between two attempts to cancel a flush that may not have begun yet, in milliseconds. */
const CANCEL_PAUSES = { first: 1, max: 32 };

/**
 * Waits on a pool thread until the peer has read everything.
 *
 * If the signal stops the wait, all operations in flight on the file are cancelled. So no write may
 * be in flight, and a read must begin again.
 *
 * @throws The reason of the signal.
 * @throws {Deno.errors.BrokenPipe} If the peer closed its end before it had read everything, or
 *   before this call.
 * @throws {Deno.errors.NotSupported} In a Worker.
 */
export async function flushFile(file: Handle, label: string, signal: AbortSignal): Promise<void> {
  if (inWorker()) {
    throw new Deno.errors.NotSupported(
      `Cannot wait in a Worker until the peer has read everything from the ${label}: the wait ` +
        "would delay the Worker's end; let the peer answer instead",
    );
  }
  await onPoolThread(() => flush(file, label, signal), signal);
}

async function flush(file: Handle, label: string, signal: AbortSignal): Promise<void> {
  // The call can begin after the file was closed, so it has a handle of its own.
  using handle = file.duplicate();
  const { CancelIoEx, FlushOnPoolThread } = kernel32();
  using stack = new DisposableStack();
  const cancel = () => {
    CancelIoEx(handle.value, null);
    stack.use(new RepeatingTimer(() => CancelIoEx(handle.value, null), CANCEL_PAUSES));
  };
  signal.addEventListener("abort", cancel, { once: true });
  stack.defer(() => signal.removeEventListener("abort", cancel));
  // After the peer's end, Windows says that everything was read, even if nothing was.
  const isDone = !isPeerGone(handle) && await FlushOnPoolThread(handle.value);
  signal.throwIfAborted();
  // The error's code is unknown here: it is the last error of the pool thread.
  if (isDone) return;
  throw new Deno.errors.BrokenPipe(
    `Cannot wait until the peer has read everything from the ${label}: the peer has closed it`,
  );
}

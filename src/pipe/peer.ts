/**
 * The process and the user at the other end of a pipe.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-getnamedpipeclientprocessid}
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/impersonating-a-named-pipe-client}
 * @module
 */

import { unless } from "../../ffi/error.ts";
import type { Handle } from "../../ffi/handle.ts";
import { type PipeProcess, pipeProcess } from "../../ffi/named_pipe.ts";
import { imagePathOf, openProcess, startOf } from "../../ffi/process_thread.ts";
import { ownerOf, userOfPipeClient, userOfProcess } from "../../ffi/security.ts";

/**
 * The process at the other end of a pipe.
 *
 * Windows notes the process when the client connects. The process can have ended since, and can
 * have passed its end of the pipe on. So the ids help to find a program, but prove nothing.
 */
export interface PipePeer {
  /** The process id, or 0 if the peer is on another machine, or had gone before it was asked for. */
  readonly pid: number;
  /** The session of the process, or `undefined` if Windows does not know it. */
  readonly sessionId: number | undefined;
  /** The path of the program now; `undefined` if the process is gone or cannot be queried. */
  readonly imagePath: string | undefined;
}

/** The end of a pipe that this process has. */
interface OwnEnd {
  handle: Handle;
  label: string;
  end: "server" | "client";
}

/** Returns the process at the other end of a pipe. */
export function peerOf({ handle, end }: OwnEnd): PipePeer {
  const { pid, sessionId }: PipeProcess = pipeProcess(handle, end);
  return {
    pid,
    sessionId,
    get imagePath() {
      return pid === 0 ? undefined : imagePathOf(pid);
    },
  };
}

/** The FILETIME of the epoch of `Date`, and the units of 100 nanoseconds in a millisecond. */
const FILETIME_OF_EPOCH = 116_444_736_000_000_000n;
const UNITS_PER_MILLISECOND = 10_000n;

/**
 * Returns the security identifier of the user at the other end.
 *
 * The process's token is asked first. If that is denied, a server acts as the client for a moment,
 * and a client reads the owner of the pipe.
 *
 * @param since The time when the connection was seen, in milliseconds as of `Date.now()`. A process
 *   that started later has got the id of the peer's process.
 * @throws {Deno.errors.PermissionDenied} If Windows does not let this process find out.
 */
export function userOfPeer(own: OwnEnd, pid: number, since: number): string {
  const { handle, label, end } = own;
  const attempt = `Cannot find out the user at the other end of the ${label}`;
  const user = pid === 0 ? undefined : userOfPid(pid, since, attempt);
  if (user !== undefined) return user;
  if (end === "server") return userOfPipeClient(handle.value, attempt);
  const owner = ownerOf(handle.value, `the ${label}`);
  if (owner !== undefined) return owner;
  throw new Deno.errors.PermissionDenied(`${attempt}: the pipe has no owner`);
}

function userOfPid(pid: number, since: number, attempt: string): string | undefined {
  return unless(Deno.errors.NotFound, () =>
    unless(Deno.errors.PermissionDenied, () => {
      using process = openProcess(pid, "end");
      return isOlder(process, since) ? userOfProcess(process.value, attempt) : undefined;
    }));
}

/**
 * Opens the process at the other end, to put handles into it. While the handle is open, no other
 * process can get the process id.
 *
 * @param since As for {@linkcode userOfPeer}.
 * @throws {Deno.errors.NotFound} If the process has ended.
 * @throws {Deno.errors.PermissionDenied} If this user cannot put handles into the process.
 */
export function openPeer({ label }: OwnEnd, pid: number, since: number): Handle {
  using stack = new DisposableStack();
  const process = stack.use(openProcess(pid));
  if (!isOlder(process, since)) {
    throw new Deno.errors.NotFound(
      `Cannot open the process at the other end of the ${label}: process ${pid} has ended, and ` +
        "another one has its id",
    );
  }
  stack.move();
  return process;
}

/** Returns whether a process started before a time. */
function isOlder(process: Handle, time: number): boolean {
  return startOf(process) <= BigInt(Math.ceil(time)) * UNITS_PER_MILLISECOND + FILETIME_OF_EPOCH;
}

/**
 * Connects to the server of a named pipe.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-client}
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-security-and-access-rights}
 * @module
 */

import {
  assertBoolean,
  assertInteger,
  assertObject,
  assertOneOf,
  assertOptions,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import type { Handle } from "../../ffi/handle.ts";
import {
  IMPERSONATION,
  type Impersonation,
  isDisconnected,
  type OpenedPipe,
  openPipe,
  pipeProcess,
  type PipeToOpen,
  readMessages,
} from "../../ffi/named_pipe.ts";
import { assertOwnedBySelf } from "../../ffi/security.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import {
  assertPipeOptions,
  connectionOver,
  PIPE_CHECKS,
  type PipeConnection,
  type PipeOptions,
} from "./connection.ts";
import { pipePath } from "./name.ts";

/** The server that a client trusts; see {@linkcode ConnectPipeOptions.server}. */
export type PipeServer = "sameUser" | "anyone" | {
  /** The process id of the server. */
  pid: number;
};

/** Options of {@linkcode connectPipe}. */
export interface ConnectPipeOptions extends PipeOptions, WaitOptions {
  /**
   * Whether to wait for a pipe that does not exist yet. A busy pipe is waited for in any case.
   *
   * @default false
   */
  waitForServer?: boolean;
  /**
   * How much the server can do in this user's name. `"anonymous"`: nothing. `"identify"`: find out
   * who this user is. `"impersonate"`: open files and other objects as this user.
   *
   * @default "identify"
   */
  impersonation?: Impersonation;
  /**
   * The server that is trusted. It is checked before the first byte is sent. `"sameUser"`: this
   * user must own the pipe. `"anyone"`: no check. An object with a `pid`: the pipe must have been
   * created by this process.
   *
   * Services own their pipes as SYSTEM, and elevated programs as Administrators, so they need
   * `"anyone"` or a `pid`.
   *
   * @default "sameUser"
   */
  server?: PipeServer;
}

/** The checks of {@linkcode ConnectPipeOptions}. */
export const CONNECT_CHECKS: OptionChecks<ConnectPipeOptions> = {
  ...PIPE_CHECKS,
  ...WAIT_CHECKS,
  waitForServer: assertBoolean,
  impersonation: oneOf(IMPERSONATION),
  server: assertServer,
};

function assertServer(name: string, value: unknown): void {
  if (typeof value !== "object") return assertOneOf(name, value, ["sameUser", "anyone"]);
  assertObject(name, value);
  assertOptions<{ pid?: unknown }>(value, { pid: () => {} });
  assertInteger(`${name}.pid`, (value as { pid?: unknown }).pid, 1, 2 ** 32 - 1);
}

/**
 * Connects to the server of a named pipe.
 *
 * If all instances of the pipe are taken, it waits until the server lets this client in.
 *
 * @example Connect to a server, and read its greeting
 * ```ts
 * import { connectPipe, listenPipe } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenPipe({ name: "docs of connectPipe" });
 * await using client = await connectPipe("docs of connectPipe", { timeout: 5000 });
 * await using connection = await listener.accept();
 * await connection.write(new TextEncoder().encode("Hello"));
 *
 * const buffer = new Uint8Array(100);
 * const length = await client.read(buffer);
 * assertEquals(new TextDecoder().decode(buffer.subarray(0, length ?? 0)), "Hello");
 * ```
 *
 * @param name The pipe's name, such as `echo`, or its path, such as `\\.\pipe\echo`.
 * @throws {Deno.errors.NotFound} If there is no such pipe, and `waitForServer` is not set.
 * @throws {Deno.errors.PermissionDenied} If the pipe does not let this user in, or the server is
 *   not the trusted one.
 * @throws {Deno.errors.BrokenPipe} If the server closed the pipe before it was checked.
 * @throws {Deno.errors.InvalidData} If `mode` is `"messages"`, and the pipe carries bytes.
 * @throws {Deno.errors.TimedOut} If the server did not let this client in in time.
 * @throws {TypeError} If the name or an option is invalid.
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-client}
 */
export async function connectPipe(
  name: string,
  options: ConnectPipeOptions = {},
): Promise<PipeConnection> {
  const path = pipePath(name);
  assertOptions(options, CONNECT_CHECKS);
  assertPipeOptions(options);
  const { impersonation = "identify", server = "sameUser", mode } = options;
  const label = `pipe "${path}"`;
  const opened = await open({ path, label, impersonation }, options, (pipe) => {
    assertTrusted(pipe, server);
    if (mode === "messages") readMessages(pipe);
  });
  using stack = new DisposableStack();
  const { direction } = opened;
  const handle = stack.use(opened.handle);
  const connection = connectionOver({ handle, path, label, end: "client", direction }, options);
  stack.move();
  return connection;
}

/** Opens a pipe, and waits if it is busy. */
async function open(
  pipe: PipeToOpen,
  { timeout = Infinity, signal, waitForServer = false }: ConnectPipeOptions,
  check: (handle: Handle) => void,
): Promise<OpenedPipe> {
  let isBusy = false;
  const look = () => {
    isBusy = false;
    try {
      using stack = new DisposableStack();
      const opened = openPipe(pipe);
      stack.use(opened.handle);
      check(opened.handle);
      assertConnected(opened.handle);
      stack.move();
      return opened;
    } catch (error) {
      isBusy = error instanceof Deno.errors.Busy;
      // A server that is just starting, or ending, disconnects clients.
      const isMissing = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.BrokenPipe;
      if (isBusy || waitForServer && isMissing) return undefined;
      throw error;
    }
  };
  try {
    return await poll(pipe.label, look, { timeout, ...(signal && { signal }) });
  } catch (error) {
    if (!isBusy || !(error instanceof Deno.errors.TimedOut)) throw error;
    throw new Deno.errors.TimedOut(
      `Waited ${timeout} ms for the ${pipe.label}: its server was busy with other clients`,
    );
  }
}

/** Throws if the server has disconnected this client before it was checked. */
function assertConnected(handle: Handle): void {
  if (!isDisconnected(handle)) return;
  throw new Deno.errors.BrokenPipe(
    `Cannot connect to the ${handle.kind}: the server has disconnected this client at once`,
  );
}

/** Throws unless the server of an opened pipe is the trusted one. */
function assertTrusted(handle: Handle, server: PipeServer): void {
  if (server === "anyone") return;
  const { kind } = handle;
  if (server === "sameUser") {
    const remedy = 'pass { server: "anyone" } or { server: { pid } } to trust it';
    return assertOwnedBySelf(handle.value, `the server of the ${kind}`, remedy);
  }
  const { pid } = pipeProcess(handle, "client");
  if (pid === server.pid) return;
  throw new Deno.errors.PermissionDenied(
    `Cannot trust the server of the ${kind}: it is process ${pid}, not process ${server.pid}`,
  );
}

/**
 * Creates instances of named pipes, and opens the client's end of them.
 *
 * `CreateNamedPipeW` cannot create the first instance of a name exclusively on every system: Wine
 * ignores `FILE_FLAG_FIRST_PIPE_INSTANCE`. `NtCreateNamedPipeFile` can, as it can open files.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipes}
 * @see {@link https://learn.microsoft.com/windows/win32/devnotes/nt-create-named-pipe-file}
 * @module
 */

import { errorFromStatus, lastError, unless } from "./error.ts";
import {
  FILE_GENERIC_READ,
  FILE_GENERIC_WRITE,
  FILE_READ_DATA,
  FILE_WRITE_DATA,
  kernelName,
  literalPath,
  openExistingFile,
} from "./file.ts";
import { Handle, SYNCHRONIZE } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { isWine, ntdll } from "./win32/ntdll.ts";
import { IO_STATUS_BLOCK_SIZE, objectAttributes } from "./win32/types.ts";
import { type ObjectRights, type Sddl, SecurityDescriptor } from "./security.ts";
import { encodeWide } from "./wide.ts";

/**
 * The direction in which the bytes of a pipe go. The words are Windows' own: `"inbound"` is from the
 * clients to the server.
 */
export type PipeDirection = "duplex" | "inbound" | "outbound";

/** All values of {@linkcode PipeDirection}. */
export const PIPE_DIRECTIONS = ["duplex", "inbound", "outbound"] as const satisfies PipeDirection[];

const FILE_CREATE_PIPE_INSTANCE = 4;

/**
 * The rights to a pipe. Other users get the rights of a client, which do not include the right to
 * create an instance: with it, a user could take the place of the server.
 */
export const PIPE_RIGHTS: ObjectRights = {
  all: 0x1f_01ff,
  everyone: (FILE_GENERIC_READ | FILE_GENERIC_WRITE) & ~FILE_CREATE_PIPE_INSTANCE,
};

/** The rights and the share modes of a server's instance. The share mode sets the direction. */
const SERVER: Record<PipeDirection, { access: number; share: number }> = {
  duplex: { access: FILE_GENERIC_READ | FILE_GENERIC_WRITE, share: 3 },
  inbound: { access: FILE_GENERIC_READ, share: 2 },
  outbound: { access: FILE_GENERIC_WRITE, share: 1 },
};

const FILE_OPEN = 1;
const FILE_CREATE = 2;
const FILE_PIPE_MESSAGE_TYPE = 1;
const FILE_PIPE_REJECT_REMOTE_CLIENTS = 2;
const FILE_PIPE_MESSAGE_MODE = 1;
const UNLIMITED = 0xffff_ffff;
/** The time that a client's `WaitNamedPipe` waits by default: 50 ms, in units of 100 ns, negative. */
const DEFAULT_WAIT = -50n * 10_000n;

/** The statuses of a creation whose name is taken. Which one it is depends on the other pipe. */
const TAKEN: readonly number[] = [
  0xc000_0022 | 0, // STATUS_ACCESS_DENIED
  0xc000_0035 | 0, // STATUS_OBJECT_NAME_COLLISION
  0xc000_00ab | 0, // STATUS_INSTANCE_NOT_AVAILABLE
  0xc000_00ac | 0, // STATUS_PIPE_NOT_AVAILABLE
];

/** A pipe, whose first instance creates the name. All further instances must have equal settings. */
export interface PipeSettings {
  /** The path: `\\.\pipe\x`. */
  path: string;
  /** The pipe's name in messages: `pipe "\\\\.\\pipe\\x"`. */
  label: string;
  /** The direction of the bytes. */
  direction: PipeDirection;
  /** Whether each write is a message. */
  hasMessages: boolean;
  /** Whether clients on other machines are let in. */
  allowRemote: boolean;
  /** The size of the buffers, in bytes. */
  bufferSize: number;
}

/** The maximum number of clients that can come while a pipe is created. The next is disconnected. */
const MAX_EARLY = 64;

/** The beginning of a pipe. */
export interface NewPipe {
  /** The instance that holds the name. It lets no client in. */
  first: Handle;
  /** Instances whose clients have come already. Windows has none. */
  early: readonly Handle[];
}

/**
 * Creates the first instance of a pipe, and with it the name. While that handle is open, no other
 * server can create the name.
 *
 * @throws {Deno.errors.AlreadyExists} If there is a pipe with the name.
 */
export function createPipe(pipe: PipeSettings, sddl: Sddl): NewPipe {
  // Without the right to read or write, an instance begins in the disconnected state on Windows.
  if (!isWine()) {
    return {
      first: create(pipe, { access: SYNCHRONIZE, disposition: FILE_CREATE, sddl }),
      early: [],
    };
  }
  // On Wine each instance begins to listen, and leaves that state only when a client was there. So
  // this process is the client. If another client was quicker, its instance is a connection.
  using stack = new DisposableStack();
  const { access } = SERVER[pipe.direction];
  const early: Handle[] = [];
  for (let disposition = FILE_CREATE;; disposition = FILE_OPEN) {
    const first = stack.use(create(pipe, { access, disposition, sddl }));
    using own = unless(
      Deno.errors.Busy,
      () => openPipe({ path: pipe.path, label: pipe.label, impersonation: "anonymous" }).handle,
    );
    if (own !== undefined || early.length === MAX_EARLY) {
      kernel32().DisconnectNamedPipe(first.value);
      stack.move();
      return { first, early };
    }
    early.push(first);
  }
}

/**
 * Creates the only instance of a new pipe, for one client. The instance lets a client in at once.
 *
 * @throws {Deno.errors.AlreadyExists} If there is a pipe with the name.
 */
export function createSinglePipe(pipe: PipeSettings, sddl: Sddl): Handle {
  const access = SERVER[pipe.direction].access;
  return create(pipe, { access, disposition: FILE_CREATE, sddl, maxInstances: 1 });
}

/** Creates a further instance of a pipe, which lets a client in at once. */
export function addPipeInstance(pipe: PipeSettings): Handle {
  return create(pipe, { access: SERVER[pipe.direction].access, disposition: FILE_OPEN });
}

function create(
  { path, label, direction, hasMessages, allowRemote, bufferSize }: PipeSettings,
  { access, disposition, sddl, maxInstances = UNLIMITED }: {
    access: number;
    disposition: number;
    sddl?: Sddl;
    maxInstances?: number;
  },
): Handle {
  using descriptor = sddl === undefined ? undefined : new SecurityDescriptor(sddl);
  const descriptorPointer = descriptor?.pointer ?? null;
  const name = encodeWide(kernelName(path));
  const out = new BigUint64Array(1);
  const status = ntdll().NtCreateNamedPipeFile(
    out,
    (access | SYNCHRONIZE) >>> 0,
    objectAttributes(name, descriptorPointer),
    new Uint8Array(IO_STATUS_BLOCK_SIZE),
    SERVER[direction].share,
    disposition,
    0,
    pipeType(hasMessages, allowRemote),
    hasMessages ? FILE_PIPE_MESSAGE_MODE : 0,
    0,
    maxInstances,
    bufferSize,
    bufferSize,
    BigInt64Array.of(DEFAULT_WAIT),
  );
  if (status >= 0) return new Handle(out[0]!, label);
  const isTaken = disposition === FILE_CREATE && TAKEN.includes(status);
  const hint = "a pipe of this name exists, or Windows reserves the name: take another name";
  throw errorFromStatus(
    status,
    "NtCreateNamedPipeFile",
    `Cannot create the ${label}`,
    isTaken ? { as: "AlreadyExists", hint } : {},
  );
}

/**
 * Returns the `NamedPipeType` of a pipe. Wine has no remote clients, and takes any type other than
 * 0 for a pipe of messages.
 */
export function pipeType(hasMessages: boolean, allowRemote: boolean, onWine = isWine()): number {
  return (hasMessages ? FILE_PIPE_MESSAGE_TYPE : 0) |
    (allowRemote || onWine ? 0 : FILE_PIPE_REJECT_REMOTE_CLIENTS);
}

/**
 * How much a server can do in the name of a client:
 *
 * - `"anonymous"`: nothing. The server cannot find out who the client is.
 * - `"identify"`: find out who the client is.
 * - `"impersonate"`: open files and other objects of this machine as this user.
 */
export type Impersonation = "anonymous" | "identify" | "impersonate";

/** All values of {@linkcode Impersonation}, in the order of Windows' numbers from 0 on. */
export const IMPERSONATION = [
  "anonymous",
  "identify",
  "impersonate",
] as const satisfies Impersonation[];

/** `FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE`. */
const CLIENT_RIGHTS = 0x12_0180;
const FILE_FLAG_OVERLAPPED = 0x4000_0000;
const SECURITY_SQOS_PRESENT = 0x10_0000;
const PIPE_READMODE_MESSAGE = 2;
const PIPE_TYPE_MESSAGE = 4;

/** A pipe to open, as a client. */
export interface PipeToOpen {
  /** The path: `\\.\pipe\x`. */
  path: string;
  /** The pipe's name in messages: `pipe "\\\\.\\pipe\\x"`. */
  label: string;
  /** How much the server can do in the name of this process. */
  impersonation: Impersonation;
}

/** The client's end of a pipe. */
export interface OpenedPipe {
  /** The handle. */
  handle: Handle;
  /** The direction in which this client can use the pipe. */
  direction: PipeDirection;
}

/**
 * Opens a pipe as a client, with the rights that the pipe's direction allows.
 *
 * @throws {Deno.errors.NotFound} If there is no pipe of this name.
 * @throws {Deno.errors.Busy} If no instance of the pipe waits for a client now.
 * @throws {Deno.errors.PermissionDenied} If the pipe does not let this user in.
 */
export function openPipe(pipe: PipeToOpen): OpenedPipe {
  const denied = Deno.errors.PermissionDenied;
  // Windows denies the right to write if the direction is outbound, and the right to read if it is
  // inbound. The descriptor can deny them, too. Wine denies neither, so the direction is asked for.
  const both = unless(denied, () => open(pipe, FILE_READ_DATA | FILE_WRITE_DATA));
  if (both !== undefined) {
    using stack = new DisposableStack();
    stack.use(both);
    const direction = directionOf(both);
    stack.move();
    return { handle: both, direction };
  }
  const outbound = unless(denied, () => open(pipe, FILE_READ_DATA));
  if (outbound !== undefined) return { handle: outbound, direction: "outbound" };
  return { handle: open(pipe, FILE_WRITE_DATA), direction: "inbound" };
}

const FILE_PIPE_LOCAL_INFORMATION = 24;
/** The indexes of the fields of a `FILE_PIPE_LOCAL_INFORMATION`, and their number. */
const LOCAL = { NamedPipeConfiguration: 1, NamedPipeState: 8, length: 10 } as const;
/** The directions by their numbers in `NamedPipeConfiguration`. */
const CONFIGURATIONS: readonly PipeDirection[] = ["inbound", "outbound", "duplex"];
const FILE_PIPE_DISCONNECTED_STATE = 1;
const FILE_PIPE_CONNECTED_STATE = 3;

function directionOf(pipe: Handle): PipeDirection {
  const { status, info } = queryPipe(pipe);
  // The server can have closed the pipe already. Then each read and write says so.
  if (status < 0) return "duplex";
  return CONFIGURATIONS[info[LOCAL.NamedPipeConfiguration]!]!;
}

/**
 * Returns whether the peer has closed its end of a pipe. It is also `false` if the handle has no
 * right to ask, as a server's handle of an `"outbound"` pipe.
 */
export function isPeerGone(pipe: Handle): boolean {
  const { status, info } = queryPipe(pipe);
  return status >= 0 && info[LOCAL.NamedPipeState] !== FILE_PIPE_CONNECTED_STATE;
}

/** Returns whether the server has disconnected a client's handle, so that no byte can be read. */
export function isDisconnected(pipe: Handle): boolean {
  const { status, info } = queryPipe(pipe);
  return status < 0 || info[LOCAL.NamedPipeState] === FILE_PIPE_DISCONNECTED_STATE;
}

/** @see {@link https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_file_pipe_local_information} */
function queryPipe(pipe: Handle): { status: number; info: Uint32Array } {
  const info = new Uint32Array(LOCAL.length);
  const status = ntdll().NtQueryInformationFile(
    pipe.value,
    new Uint8Array(IO_STATUS_BLOCK_SIZE),
    info,
    info.byteLength,
    FILE_PIPE_LOCAL_INFORMATION,
  );
  return { status, info };
}

function open({ path, label, impersonation }: PipeToOpen, rights: number): Handle {
  return openExistingFile(literalPath(path), {
    access: CLIENT_RIGHTS | rights,
    share: 0,
    flags: FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT |
      (IMPERSONATION.indexOf(impersonation) << 16),
    kind: label,
    attempt: `Cannot connect to the ${label}`,
    ifMissing: "start its server first, or pass { waitForServer: true }",
  });
}

/**
 * Makes reads from a pipe return whole messages.
 *
 * @throws {Deno.errors.InvalidData} If the pipe's server has made it a pipe of bytes.
 */
export function readMessages(pipe: Handle): void {
  const attempt = `Cannot read messages from the ${pipe.kind}`;
  const { GetNamedPipeInfo, SetNamedPipeHandleState } = kernel32();
  const flags = new Uint32Array(1);
  if (!GetNamedPipeInfo(pipe.value, flags, null, null, null)) {
    throw lastError("GetNamedPipeInfo", attempt);
  }
  if ((flags[0]! & PIPE_TYPE_MESSAGE) === 0) {
    throw new Deno.errors.InvalidData(
      `${attempt}: the server has made it a pipe of bytes; use { mode: "bytes" }`,
    );
  }
  if (SetNamedPipeHandleState(pipe.value, Uint32Array.of(PIPE_READMODE_MESSAGE), null, null)) {
    return;
  }
  throw lastError("SetNamedPipeHandleState", attempt);
}

/** The process at the other end of a pipe, as Windows noted it when the client connected. */
export interface PipeProcess {
  /** The process id, or 0 if Windows does not know it: the peer is on another machine, or has gone. */
  pid: number;
  /** The session of the process, or `undefined` if Windows does not tell. */
  sessionId: number | undefined;
}

/**
 * Returns the process at the other end of a pipe.
 *
 * @param end The end that this process has.
 */
export function pipeProcess(pipe: Handle, end: "server" | "client"): PipeProcess {
  const functions = kernel32();
  const [process, session] = end === "server"
    ? [functions.GetNamedPipeClientProcessId, functions.GetNamedPipeClientSessionId] as const
    : [functions.GetNamedPipeServerProcessId, functions.GetNamedPipeServerSessionId] as const;
  const out = new Uint32Array(1);
  const pid = process(pipe.value, out) ? out[0]! : 0;
  return { pid, sessionId: session(pipe.value, out) ? out[0]! : undefined };
}

/**
 * Creates instances of named pipes and mailslots, and opens them for writing.
 *
 * `CreateNamedPipeW` cannot create the first instance of a name exclusively on every system: Wine
 * ignores `FILE_FLAG_FIRST_PIPE_INSTANCE`. `NtCreateNamedPipeFile` can, as it can open files.
 *
 * On Wine, an overlapped read from a mailslot of `CreateMailslotW` blocks the thread until there is
 * a message. A read from a mailslot of `NtCreateMailslotFile` does not, on any system.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipes}
 * @see {@link https://learn.microsoft.com/windows/win32/devnotes/nt-create-named-pipe-file}
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/mailslots}
 * @see {@link https://learn.microsoft.com/windows-hardware/drivers/ddi/fltkernel/nf-fltkernel-fltcreatemailslotfile}
 * @module
 */

import {
  ERROR_INSUFFICIENT_BUFFER,
  errorFromCode,
  errorFromStatus,
  lastError,
  lastErrorCode,
  unless,
} from "./error.ts";
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
import { READ_CONTROL } from "./kernel_object.ts";

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
 * Returns whether the server has made a pipe a pipe of messages: each write is then a message, also
 * if the reads of this end see no boundaries.
 */
export function carriesMessages(pipe: Handle): boolean {
  const flags = new Uint32Array(1);
  if (!kernel32().GetNamedPipeInfo(pipe.value, flags, null, null, null)) {
    throw lastError("GetNamedPipeInfo", `Cannot find out what the ${pipe.kind} carries`);
  }
  return (flags[0]! & PIPE_TYPE_MESSAGE) !== 0;
}

/**
 * Makes reads from a pipe return whole messages.
 *
 * @throws {Deno.errors.InvalidData} If the pipe's server has made it a pipe of bytes.
 */
export function readMessages(pipe: Handle): void {
  const attempt = `Cannot read messages from the ${pipe.kind}`;
  const { SetNamedPipeHandleState } = kernel32();
  if (!carriesMessages(pipe)) {
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

const FILE_READ_ATTRIBUTES = 0x80;
const FILE_SHARE_READ_AND_WRITE = 3;

const ERROR_SEM_TIMEOUT = 121;

/**
 * Returns whether an instance of a pipe waits for a client, without opening the pipe.
 *
 * @param path The path of a pipe of this machine.
 * @returns `"busy"` if the pipe exists and no instance waits; `undefined` if there is no such pipe.
 * @see {@link https://learn.microsoft.com/windows/win32/api/namedpipeapi/nf-namedpipeapi-waitnamedpipew}
 */
export function pipeState(path: string): "waiting" | "busy" | undefined {
  // The time limit in milliseconds is the shortest one: 0 would mean the limit of the pipe.
  if (kernel32().WaitNamedPipeW(encodeWide(path), 1)) return "waiting";
  return lastErrorCode() === ERROR_SEM_TIMEOUT ? "busy" : undefined;
}

/**
 * The rights to a mailslot. Other users get the rights that `CreateFileW` needs for
 * `GENERIC_WRITE`.
 */
export const MAILSLOT_RIGHTS: ObjectRights = {
  all: 0x1f_01ff,
  everyone: FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES,
};

const STATUS_OBJECT_NAME_COLLISION = 0xc000_0035 | 0;
const ERROR_INVALID_PARAMETER = 87;
/** The end of time, in units of 100 ns since 1601: a read waits for ever. */
const NEVER = 0x7fff_ffff_ffff_ffffn;
/** `MAILSLOT_NO_MESSAGE`, the size of the next message if there is none. */
const MAILSLOT_NO_MESSAGE = 0xffff_ffff;

/**
 * The errors of a write to a mailslot that was closed: `ERROR_HANDLE_EOF`, `ERROR_BROKEN_PIPE`,
 * `ERROR_NO_DATA` and `ERROR_PIPE_NOT_CONNECTED`. Microsoft documents none of them for mailslots.
 */
const CLOSED: readonly number[] = [38, 109, 232, 233];
/** The errors of a write of a message that is too long. Microsoft documents neither. */
const TOO_LONG: readonly number[] = [ERROR_INVALID_PARAMETER, ERROR_INSUFFICIENT_BUFFER];

/** A mailslot to create. */
export interface MailslotSettings {
  /** The path: `\\.\mailslot\x`. */
  path: string;
  /** The mailslot's name in messages: `mailslot "\\\\.\\mailslot\\x"`. */
  label: string;
  /** Maximum size of a message in bytes. Wine ignores the limit. */
  maxMessageSize: number;
}

/**
 * Creates a mailslot, for overlapped reads.
 *
 * @throws {Deno.errors.AlreadyExists} If there is a mailslot with the name.
 */
export function createMailslot(
  { path, label, maxMessageSize }: MailslotSettings,
  sddl: Sddl,
): Handle {
  using descriptor = new SecurityDescriptor(sddl);
  const name = encodeWide(kernelName(path));
  const out = new BigUint64Array(1);
  const status = ntdll().NtCreateMailslotFile(
    out,
    (FILE_GENERIC_READ | SYNCHRONIZE) >>> 0,
    objectAttributes(name, descriptor.pointer),
    new Uint8Array(IO_STATUS_BLOCK_SIZE),
    0,
    0,
    maxMessageSize,
    BigInt64Array.of(NEVER),
  );
  if (status >= 0) return new Handle(out[0]!, label);
  throw errorFromStatus(
    status,
    "NtCreateMailslotFile",
    `Cannot create the ${label}`,
    status === STATUS_OBJECT_NAME_COLLISION
      ? { as: "AlreadyExists", hint: "a mailslot of this name exists: take another name" }
      : {},
  );
}

/** A mailslot to open. */
export interface MailslotToOpen {
  /** The path: `\\.\mailslot\x`. */
  path: string;
  /** The mailslot's name in messages: `mailslot "\\\\.\\mailslot\\x"`. */
  label: string;
  /** Whether the handle also has the right to read the owner. */
  readsOwner: boolean;
}

/**
 * Opens a mailslot for writing. Other processes can open the mailslot at the same time.
 *
 * @throws {Deno.errors.NotFound} If there is no such mailslot.
 * @throws {Deno.errors.PermissionDenied} If the mailslot does not admit this user.
 * @throws {Deno.errors.Busy} If another process has opened the mailslot only for itself.
 */
export function openMailslotToWrite({ path, label, readsOwner }: MailslotToOpen): Handle {
  return openExistingFile(literalPath(path), {
    access: readsOwner ? FILE_WRITE_DATA | READ_CONTROL : FILE_WRITE_DATA,
    // All writers should share both rights. Otherwise the second one can get error 32.
    share: FILE_SHARE_READ_AND_WRITE,
    kind: label,
    attempt: `Cannot open the ${label}`,
    ifMissing: "start its receiver first",
  });
}

/** The messages in a mailslot that no read has taken. */
export interface UnreadMessages {
  /** The size of the next message in bytes, or `undefined` if there is none. */
  nextSize: number | undefined;
  /** The number of messages. */
  count: number;
}

/** Returns the size of the next message in a mailslot, and the number of messages. */
export function unreadMessages(mailslot: Handle): UnreadMessages {
  const [next, count] = [new Uint32Array(1), new Uint32Array(1)];
  if (!kernel32().GetMailslotInfo(mailslot.value, null, next, count, null)) {
    throw lastError("GetMailslotInfo", `Cannot ask for the messages in the ${mailslot.kind}`);
  }
  return {
    nextSize: next[0] === MAILSLOT_NO_MESSAGE ? undefined : next[0]!,
    count: count[0]!,
  };
}

/**
 * Writes a message to a mailslot. The call never waits for the reader.
 *
 * @throws {Deno.errors.BrokenPipe} If the mailslot was closed.
 * @throws {Deno.errors.InvalidData} If the message is too long for the mailslot.
 */
export function writeToMailslot(mailslot: Handle, message: Uint8Array<ArrayBuffer>): void {
  const { WriteFile } = kernel32();
  const { length } = message;
  if (WriteFile(mailslot.value, message, length, new Uint32Array(1), null)) return;
  const code = lastErrorCode();
  const attempt = `Cannot send ${length} bytes to the ${mailslot.kind}`;
  if (CLOSED.includes(code)) {
    const hint = "the process that created it has closed it or has ended";
    throw errorFromCode(code, "WriteFile", attempt, { as: "BrokenPipe", hint });
  }
  const hint = "the message is probably longer than the mailslot's maxMessageSize";
  const special = TOO_LONG.includes(code) ? { as: "InvalidData" as const, hint } : {};
  throw errorFromCode(code, "WriteFile", attempt, special);
}

/**
 * Creates mailslots, opens them for writing, and asks for their state.
 *
 * On Wine, an overlapped read from a mailslot of `CreateMailslotW` blocks the thread until there is
 * a message. A read from a mailslot of `NtCreateMailslotFile` does not, on any system.
 *
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
} from "./error.ts";
import {
  FILE_GENERIC_READ,
  FILE_GENERIC_WRITE,
  FILE_WRITE_DATA,
  kernelName,
  literalPath,
  openExistingFile,
} from "./file.ts";
import { Handle, SYNCHRONIZE } from "./handle.ts";
import { READ_CONTROL } from "./kernel_object.ts";
import { type ObjectRights, type Sddl, SecurityDescriptor } from "./security.ts";
import { encodeWide } from "./wide.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { ntdll } from "./win32/ntdll.ts";
import { IO_STATUS_BLOCK_SIZE, objectAttributes } from "./win32/types.ts";

const FILE_READ_ATTRIBUTES = 0x80;
const FILE_SHARE_READ_AND_WRITE = 3;

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

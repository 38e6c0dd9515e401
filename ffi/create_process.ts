/**
 * Starts processes with a list of the handles that they inherit.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-updateprocthreadattribute}
 * @module
 */

import { lastError } from "./error.ts";
import { GENERIC_READ, GENERIC_WRITE, openExistingFile } from "./file.ts";
import { DUPLICATE_SAME_ACCESS, Handle, INVALID_HANDLE_VALUE } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { completeStartupInfo, STARTUPINFOEX_SIZE } from "./win32/types.ts";
import { assertWide, encodeWide, MAX_TEXT } from "./wide.ts";

/** A process that has been started. */
export interface StartedProcess {
  pid: number;
  /** A handle of the process, with all rights. */
  process: Handle;
}

/** The program to start, and its environment. */
export interface CreateProcessOptions {
  /** The program's path. */
  path: string;
  /** The command line. */
  commandLine: string;
  /**
   * The environment as a block of UTF-16 strings: `NAME=VALUE`, each with a NUL, and one NUL more.
   */
  environment: Uint16Array<ArrayBuffer>;
  /**
   * The current directory. If it is `undefined`, the process gets the directory of this process.
   */
  directory: string | undefined;
  /** Inheritable handles for standard input, output and error. */
  standard: readonly Handle[];
  /** The values of further inheritable handles that the process inherits. */
  inherited: readonly bigint[];
  /** Whether Windows ends the process when this process ends, even by a crash. */
  killWithParent: boolean;
}

const CREATE_SUSPENDED = 0x4;
const CREATE_UNICODE_ENVIRONMENT = 0x400;
const EXTENDED_STARTUPINFO_PRESENT = 0x80000;
const CREATE_NO_WINDOW = 0x0800_0000;
const PROC_THREAD_ATTRIBUTE_HANDLE_LIST = 0x20002n;

/**
 * Starts a process.
 *
 * @throws {Deno.errors.NotFound} If the program or the directory does not exist.
 * @throws {Deno.errors.PermissionDenied} If this user is not allowed to run the program.
 * @throws {Deno.errors.InvalidData} If the file is not a program.
 * @throws {TypeError} If a text contains a NUL.
 * @throws {RangeError} If a text has more than 32,766 characters.
 */
export function createProcess(options: CreateProcessOptions): StartedProcess {
  const { path, commandLine, directory, standard, killWithParent } = options;
  assertWide("the program's path", path, { max: MAX_TEXT });
  assertWide("the command line", commandLine, { max: MAX_TEXT });
  if (directory !== undefined) assertWide("cwd", directory, { max: MAX_TEXT });
  const attempt = `Cannot start ${JSON.stringify(path)}` +
    (directory === undefined ? "" : ` in ${JSON.stringify(directory)}`);
  const standardValues = standard.map((handle) => handle.value);
  using attributes = new HandleList([...standardValues, ...options.inherited], attempt);
  const startup = new Uint8Array(STARTUPINFOEX_SIZE);
  kernel32().GetStartupInfoW(startup);
  completeStartupInfo(startup, standardValues, attributes.buffer);
  const information = new DataView(new ArrayBuffer(24));
  // If this process has no console, a console window of the child would flash up.
  const window = kernel32().GetConsoleCP() === 0 ? CREATE_NO_WINDOW : 0;
  const created = kernel32().CreateProcessW(
    encodeWide(path),
    // CreateProcessW writes to this buffer.
    encodeWide(commandLine),
    null,
    null,
    1,
    CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT | CREATE_SUSPENDED | window,
    options.environment,
    directory === undefined ? null : encodeWide(directory),
    startup,
    information,
  );
  if (!created) throw lastError("CreateProcessW", attempt);
  const pid = information.getUint32(16, true);
  const process = new Handle(information.getBigUint64(0, true), `child process ${pid}`);
  using thread = new Handle(information.getBigUint64(8, true), "thread of a child process");
  try {
    // Before the child runs: processes that the child starts earlier would not end with this
    // process.
    if (killWithParent) killWithThisProcess(process);
  } catch (error) {
    terminate(process);
    process.close();
    throw error;
  }
  kernel32().ResumeThread(thread.value);
  return { pid, process };
}

/** A `PROC_THREAD_ATTRIBUTE_LIST` with the handles that a child inherits. */
class HandleList implements Disposable {
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** The handle values. The attribute list only points to them, so this field keeps them alive. */
  readonly #handles: BigUint64Array<ArrayBuffer>;

  constructor(handles: readonly bigint[], attempt: string) {
    const { InitializeProcThreadAttributeList, UpdateProcThreadAttribute } = kernel32();
    const size = new BigUint64Array(1);
    InitializeProcThreadAttributeList(null, 1, 0, size);
    this.buffer = new Uint8Array(Number(size[0]));
    this.#handles = BigUint64Array.from(new Set(handles));
    if (!InitializeProcThreadAttributeList(this.buffer, 1, 0, size)) {
      throw lastError("InitializeProcThreadAttributeList", attempt);
    }
    if (
      !UpdateProcThreadAttribute(
        this.buffer,
        0,
        PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
        this.#handles,
        BigInt(this.#handles.byteLength),
        null,
        null,
      )
    ) {
      throw lastError("UpdateProcThreadAttribute", attempt);
    }
  }

  [Symbol.dispose](): void {
    kernel32().DeleteProcThreadAttributeList(this.buffer);
  }
}

/** `STD_INPUT_HANDLE`, `STD_OUTPUT_HANDLE` and `STD_ERROR_HANDLE`. */
const STANDARD = { stdin: -10 >>> 0, stdout: -11 >>> 0, stderr: -12 >>> 0 } as const;
const FILE_SHARE_READ_WRITE = 3;

/**
 * Makes an inheritable handle for a child's standard input, output or error.
 *
 * @param own Whether the child uses the stream of this process, if there is one. Otherwise the
 *   child gets the null device.
 */
export function standardHandle(which: keyof typeof STANDARD, own: boolean): Handle {
  const { DuplicateHandle, GetCurrentProcess, GetStdHandle } = kernel32();
  const value = own ? GetStdHandle(STANDARD[which]) : 0n;
  const out = new BigUint64Array(1);
  const self = GetCurrentProcess();
  if (
    value !== 0n && value !== INVALID_HANDLE_VALUE &&
    DuplicateHandle(self, value, self, out, 0, 1, DUPLICATE_SAME_ACCESS)
  ) {
    return new Handle(out[0]!, which);
  }
  return openExistingFile("NUL", {
    access: GENERIC_READ + GENERIC_WRITE,
    share: FILE_SHARE_READ_WRITE,
    inheritable: true,
    kind: which,
    attempt: "Cannot open the null device",
  });
}

/** Ends a process with exit code 1. */
export function terminate(process: Handle): void {
  // The call fails if the process has already ended.
  kernel32().TerminateProcess(process.value, 1);
}

const JOB_OBJECT_EXTENDED_LIMIT_INFORMATION = 9;
const JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000;
/** The job that ends the children with this process. Windows closes it when this process ends. */
let job: bigint | undefined;

/**
 * Makes Windows end a process when this process ends, even by a crash.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/job-objects}
 */
function killWithThisProcess(process: Handle): void {
  const attempt = "Cannot make a child process end with this process";
  const { AssignProcessToJobObject, CreateJobObjectW, SetInformationJobObject } = kernel32();
  if (job === undefined) {
    const made = CreateJobObjectW(null, null);
    if (made === 0n) throw lastError("CreateJobObjectW", attempt);
    // JOBOBJECT_EXTENDED_LIMIT_INFORMATION: LimitFlags at 16 of 144 bytes.
    const limits = new DataView(new ArrayBuffer(144));
    limits.setUint32(16, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, true);
    if (
      !SetInformationJobObject(
        made,
        JOB_OBJECT_EXTENDED_LIMIT_INFORMATION,
        limits,
        limits.byteLength,
      )
    ) {
      throw lastError("SetInformationJobObject", attempt);
    }
    job = made;
  }
  if (!AssignProcessToJobObject(job, process.value)) {
    throw lastError("AssignProcessToJobObject", attempt);
  }
}

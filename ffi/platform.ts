/**
 * Checks the host that a script runs on, and whether the script is a Worker, and reads the system's
 * clock.
 *
 * Nothing is checked when the module is imported, only at the first use.
 *
 * @module
 */

/** The oldest version of Deno with which all tests pass. */
export const MIN_DENO = "2.9.4";

/** The oldest build of Windows 10 that Deno itself supports (version 1709). */
export const MIN_WINDOWS_BUILD = 16299;

/**
 * Whether the processor is an x64 one. It does all stores in the order of the program, and all loads
 * as well.
 */
// Node, Bun and browsers import this file too, and have no `Deno`.
export const IS_X64: boolean = typeof Deno !== "undefined" && Deno.build.arch === "x86_64";

/** The properties of a host that decide whether it is supported. */
export interface Host {
  /** The operating system in the words of `Deno.build.os`. */
  os: string;
  /** The version of Deno, or `undefined` in another runtime. */
  deno: string | undefined;
}

/** Returns the host that this script runs on. */
export function thisHost(): Host {
  // Node, Bun and browsers import this file too, and have no `Deno`.
  return typeof Deno === "undefined"
    ? { os: "another runtime", deno: undefined }
    : { os: Deno.build.os, deno: Deno.version.deno };
}

/**
 * Returns the reason why a host is not supported, or `undefined` if it is.
 *
 * @param host The host to check. @default the host of this script
 */
export function whyUnsupported(host: Host = thisHost()): string | undefined {
  if (host.deno === undefined) return "winipc needs Deno, but this is another JavaScript runtime";
  if (host.os !== "windows") {
    return `winipc calls the Win32 API and works on Windows only, but this is ${host.os}`;
  }
  if (compareVersions(host.deno, MIN_DENO) < 0) {
    return `winipc needs Deno ${MIN_DENO} or newer, but this is ${host.deno}: run "deno upgrade"`;
  }
}

/** Returns the reason why a build of Windows is not supported, or `undefined` if it is. */
export function whyWindowsUnsupported(major: number, build: number): string | undefined {
  if (major > 10 || (major === 10 && build >= MIN_WINDOWS_BUILD)) return;
  return `winipc needs Windows 10 version 1709 (build ${MIN_WINDOWS_BUILD}) or newer, ` +
    `but this is version ${major}, build ${build}`;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at < 0 ? 0 : left[at]! - (right[at] ?? 0);
}

function numbers(version: string): number[] {
  return version.split(/[.+-]/, 3).map(Number);
}

let checked = false;

/**
 * Throws unless this host is supported. After the first success it does nothing.
 *
 * @throws {Deno.errors.NotSupported} If this is not Windows, or if Windows or Deno is too old.
 * @throws {Deno.errors.NotCapable} If `--allow-ffi` was not given, or was given with paths.
 */
export function requireHost(): void {
  if (checked) return;
  const unsupported = whyUnsupported();
  if (unsupported !== undefined) {
    throw typeof Deno === "undefined"
      ? new Error(unsupported)
      : new Deno.errors.NotSupported(unsupported);
  }
  requireFfi();
  const tooOld = whyWindowsUnsupported(...windowsVersion());
  if (tooOld !== undefined) throw new Deno.errors.NotSupported(tooOld);
  checked = true;
}

function requireFfi(): void {
  // A request for the bare permission prompts only once. With a grant for single paths, Deno still
  // denies UnsafePointerView (https://github.com/denoland/deno/issues/15511).
  if (Deno.permissions.requestSync({ name: "ffi" }).state === "granted") return;
  throw new Deno.errors.NotCapable(
    'winipc needs a bare "--allow-ffi": a list of paths is not enough, because Deno then denies ' +
      "access to memory",
  );
}

/**
 * The address of `KUSER_SHARED_DATA`. Windows maps this page into every process, at the same address
 * on x64 and on arm64, so no call is needed to read it. The page is read-only: a store would end the
 * process.
 *
 * @see {@link https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/ns-ntddk-kuser_shared_data}
 */
const SHARED_DATA = 0x7ffe_0000n;
const INTERRUPT_TIME = 0x8;
const NT_BUILD_NUMBER = 0x260;
const NT_MAJOR_VERSION = 0x26c;

/** Returns the real version of Windows, which is newer than the version that old programs see. */
export function windowsVersion(): [major: number, build: number] {
  const data = new Deno.UnsafePointerView(Deno.UnsafePointer.create(SHARED_DATA)!);
  return [data.getUint32(NT_MAJOR_VERSION), data.getUint32(NT_BUILD_NUMBER)];
}

/**
 * Returns whether this thread is a web Worker or a Node Worker, which can be ended at any moment.
 */
export function inWorker(): boolean {
  // In Deno, a Node Worker has this class, but no WorkerGlobalScope.
  return "DedicatedWorkerGlobalScope" in globalThis;
}

/** Units of {@linkcode interruptTime} in one millisecond. */
export const UNITS_PER_MILLISECOND = 10_000;

let time: Readonly<Int32Array<ArrayBuffer>> | undefined;

/**
 * Returns an array of one number that changes with each tick of the system's clock. The number is
 * the time since the system's start in units of 100 nanoseconds, modulo 2³². To read it costs one
 * load.
 *
 * The number is in `KUSER_SHARED_DATA`, where Go's runtime reads its time too. A store into the array
 * would end the process.
 */
export function interruptTime(): Readonly<Int32Array<ArrayBuffer>> {
  if (time === undefined) {
    requireHost();
    const data = Deno.UnsafePointer.create(SHARED_DATA)!;
    time = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(data, 4, INTERRUPT_TIME));
  }
  return time;
}

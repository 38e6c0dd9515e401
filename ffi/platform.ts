/**
 * What a script runs on: whether that will do, whether the script is a Worker, and the system's
 * clock.
 *
 * All is looked at when it is first used and never when the module is imported.
 *
 * @module
 */

/** The oldest Deno that the tests have passed with. */
export const MIN_DENO = "2.9.4";

/** The oldest build of Windows 10 that Deno itself runs on (version 1709). */
export const MIN_WINDOWS_BUILD = 16299;

/** What is known of a host: the parts of `Deno.build` and `Deno.version` that decide. */
export interface Host {
  /** The operating system, as `Deno.build.os` names it. */
  os: string;
  /** The version of Deno, or `undefined` in another runtime. */
  deno: string | undefined;
}

/** The host that this script runs on. */
export function thisHost(): Host {
  // Node, Bun and browsers import this file too, and have no `Deno`.
  return typeof Deno === "undefined"
    ? { os: "another runtime", deno: undefined }
    : { os: Deno.build.os, deno: Deno.version.deno };
}

/**
 * Says why a host will not do, or `undefined` if it will.
 *
 * @param host The host, {@linkcode thisHost} if left out.
 */
export function whyUnsupported(host: Host = thisHost()): string | undefined {
  if (host.deno === undefined) return "winipc needs Deno, and this is another JavaScript runtime";
  if (host.os !== "windows") {
    return `winipc calls the Win32 API and works on Windows only, and this is ${host.os}`;
  }
  if (compareVersions(host.deno, MIN_DENO) < 0) {
    return `winipc needs Deno ${MIN_DENO} or newer, and this is ${host.deno}: run "deno upgrade"`;
  }
}

/** Says why a build of Windows will not do, or `undefined` if it will. */
export function whyWindowsUnsupported(major: number, build: number): string | undefined {
  if (major > 10 || (major === 10 && build >= MIN_WINDOWS_BUILD)) return;
  return `winipc needs Windows 10 version 1709 (build ${MIN_WINDOWS_BUILD}) or newer, ` +
    `and this is version ${major}, build ${build}`;
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
 * Throws unless this host will do; looks only once.
 *
 * @throws {Deno.errors.NotSupported} If this is not Windows, or it or Deno is too old.
 * @throws {Deno.errors.NotCapable} If `--allow-ffi` was not given, or given with paths.
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
  // Asking for the bare permission first makes one prompt where there is a
  // terminal; a grant for single paths would still deny UnsafePointerView
  // (https://github.com/denoland/deno/issues/15511).
  if (Deno.permissions.requestSync({ name: "ffi" }).state === "granted") return;
  throw new Deno.errors.NotCapable(
    'winipc needs a bare "--allow-ffi": a list of paths is not enough, since Deno then refuses ' +
      "the views of memory",
  );
}

/** The version that Windows has, not the one it shows to old programs: [major, build]. */
function windowsVersion(): [major: number, build: number] {
  // Its own small table, closed again, for the real ones may be opened only after this check.
  const ntdll = Deno.dlopen("ntdll.dll", {
    RtlGetVersion: { parameters: ["buffer"], result: "i32" },
  });
  try {
    // RTL_OSVERSIONINFOW: https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-osversioninfow
    const info = new DataView(new ArrayBuffer(276));
    info.setUint32(0, info.byteLength, true);
    ntdll.symbols.RtlGetVersion(info);
    return [info.getUint32(4, true), info.getUint32(12, true)];
  } finally {
    ntdll.close();
  }
}

/**
 * Whether this thread is a Worker, of the web's kind or of Node's, which can be ended at any
 * moment.
 */
export function inWorker(): boolean {
  // Node's have no WorkerGlobalScope in Deno, but this.
  return "DedicatedWorkerGlobalScope" in globalThis;
}

/** The address of `KUSER_SHARED_DATA.InterruptTime.LowPart`. */
const INTERRUPT_TIME = 0x7ffe_0008n;

/** How many units of {@linkcode interruptTime} a millisecond has. */
export const UNITS_PER_MILLISECOND = 10_000;

let time: Readonly<Int32Array<ArrayBuffer>> | undefined;

/**
 * Gives an array of one number, which changes with each tick of the system's clock: the time since
 * the system's start in units of 100 nanoseconds, modulo 2³². It is as coarse as the ticks, and
 * costs a load.
 *
 * Windows maps a page that begins with it (`KUSER_SHARED_DATA`) into every process, at the same
 * address on x64 and on arm64, to be read without a call. Go's runtime takes its time from there.
 * The page is read-only: a store into the array would end the process.
 *
 * @see {@link https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/ns-ntddk-kuser_shared_data}
 */
export function interruptTime(): Readonly<Int32Array<ArrayBuffer>> {
  if (time === undefined) {
    requireHost();
    const page = Deno.UnsafePointer.create(INTERRUPT_TIME)!;
    time = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(page, 4));
  }
  return time;
}

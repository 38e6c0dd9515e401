/**
 * Describes the machine on which a comparison runs.
 *
 * @module
 */

import { encodeWide } from "../../ffi/wide.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { openLibrary } from "../../tests/support/open_library.ts";
import type { Environment } from "./results.ts";

const HKEY_LOCAL_MACHINE = 0x8000_0002n;
const RRF_RT_REG_SZ = 0x2;
const PROCESSOR_KEY = "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0";
/** Size of MEMORYSTATUSEX in bytes. */
const MEMORY_STATUS_SIZE = 64;
/** Index of `ullTotalPhys` in MEMORYSTATUSEX, in 64-bit words. */
const TOTAL_PHYSICAL = 1;
/** Size of OSVERSIONINFOW in bytes. */
const VERSION_SIZE = 276;
/** Windows 11 also calls itself version 10. Its builds begin with this one. */
const FIRST_BUILD_OF_11 = 22_000;

/**
 * Describes this machine.
 *
 * @param versions The versions of the programs that are compared, besides Deno's and V8's.
 * @param commit The commit that is measured.
 */
export function describeEnvironment(
  versions: Readonly<Record<string, string>>,
  commit: string,
): Environment {
  return {
    date: new Date().toISOString().slice(0, 10),
    commit,
    processor: processorName(),
    processors: navigator.hardwareConcurrency,
    memory: bytesOfMemory(),
    system: isWine() ? wineVersion() : windowsVersion(),
    isWine: isWine(),
    versions: { Deno: Deno.version.deno, V8: Deno.version.v8, ...versions },
  };
}

function processorName(): string {
  using advapi32 = openLibrary("advapi32.dll", {
    RegGetValueW: {
      parameters: ["u64", "buffer", "buffer", "u32", "pointer", "buffer", "buffer"],
      result: "i32",
    },
  });
  const units = new Uint16Array(256);
  const size = Uint32Array.of(units.byteLength);
  const status = advapi32.symbols.RegGetValueW(
    HKEY_LOCAL_MACHINE,
    encodeWide(PROCESSOR_KEY),
    encodeWide("ProcessorNameString"),
    RRF_RT_REG_SZ,
    null,
    units,
    size,
  );
  return status === 0 ? String.fromCharCode(...units).split("\0")[0]!.trim() : "unknown";
}

function bytesOfMemory(): number {
  using kernel32 = openLibrary("kernel32.dll", {
    GlobalMemoryStatusEx: { parameters: ["buffer"], result: "i32" },
  });
  const status = new BigUint64Array(MEMORY_STATUS_SIZE / 8);
  status[0] = BigInt(MEMORY_STATUS_SIZE);
  if (!kernel32.symbols.GlobalMemoryStatusEx(status)) {
    throw new Error("Cannot get the size of the memory: GlobalMemoryStatusEx failed");
  }
  return Number(status[TOTAL_PHYSICAL]);
}

function windowsVersion(): string {
  using ntdll = openLibrary("ntdll.dll", {
    RtlGetVersion: { parameters: ["buffer"], result: "i32" },
  });
  const version = new Uint32Array(VERSION_SIZE / 4);
  version[0] = VERSION_SIZE;
  ntdll.symbols.RtlGetVersion(version);
  const [, major, , build] = version;
  return `Windows ${build! >= FIRST_BUILD_OF_11 ? 11 : major} build ${build}`;
}

function wineVersion(): string {
  using ntdll = openLibrary("ntdll.dll", {
    wine_get_version: { parameters: [], result: "pointer" },
    wine_get_host_version: { parameters: ["buffer", "buffer"], result: "void" },
  });
  const { getCString } = Deno.UnsafePointerView;
  const [name, release] = [new BigUint64Array(1), new BigUint64Array(1)];
  ntdll.symbols.wine_get_host_version(name, release);
  const [wine, host, version] = [
    ntdll.symbols.wine_get_version(),
    Deno.UnsafePointer.create(name[0]!),
    Deno.UnsafePointer.create(release[0]!),
  ].map((pointer) => getCString(pointer!));
  return `Wine ${wine} on ${host} ${version!.match(/^[\d.]*\d/)?.[0]}`;
}

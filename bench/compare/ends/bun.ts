/**
 * An end by Bun and its FFI: `bun.exe run bun.ts far|near WAY NAME`.
 *
 * @module
 */

import { runEnd } from "./driver.ts";
import { type Ffi, type Kernel32, openEvents } from "./ways/ffi_events.ts";

/** The part of bun:ffi that this end uses. */
interface BunFfi {
  dlopen(
    path: string,
    symbols: Readonly<Record<keyof Kernel32, Signature>>,
  ): { symbols: Kernel32 };
  toArrayBuffer(address: number, byteOffset: number, byteLength: number): ArrayBuffer;
}

/** The types of a function's arguments and of its result. */
interface Signature {
  readonly args: readonly string[];
  readonly returns: string;
}

/** The module's name. Deno does not check the import of a name that is not constant. */
const BUN_FFI: string = "bun:ffi";

await runEnd({
  "events": { open: async (side, name) => openEvents(await loadFfi(), side, name) },
});

async function loadFfi(): Promise<Ffi> {
  const ffi: BunFfi = await import(BUN_FFI);
  const { symbols } = ffi.dlopen("kernel32.dll", {
    CreateFileMappingW: { args: ["i64_fast", "ptr", "u32", "u32", "u32", "ptr"], returns: "ptr" },
    MapViewOfFile: { args: ["ptr", "u32", "u32", "u32", "u64_fast"], returns: "ptr" },
    CreateEventW: { args: ["ptr", "i32", "i32", "ptr"], returns: "ptr" },
    SetEvent: { args: ["ptr"], returns: "i32" },
    WaitForSingleObject: { args: ["ptr", "u32"], returns: "u32" },
    CloseHandle: { args: ["ptr"], returns: "i32" },
  });
  return {
    kernel32: symbols,
    memoryAt: (address, byteLength) => ffi.toArrayBuffer(address, 0, byteLength),
  };
}

/**
 * Loads DLLs with Windows' own loader, LoadLibraryExW.
 *
 * @module
 */

import { openLibrary } from "../../support/open_library.ts";

/** The loader does not run the DLL's code, and does not load its imports. */
const DONT_RESOLVE_DLL_REFERENCES = 0x1;
/** The loader maps the DLL as an image, for any machine. */
const LOAD_LIBRARY_AS_IMAGE_RESOURCE = 0x20;
/** The bits of the handle that contain the flags. The rest is the image's base address. */
const FLAGS_OF_HANDLE = 3n;

/** A DLL that Windows has mapped. */
export interface LoadedDll extends Disposable {
  /** Reads memory at an address, in bytes from the image's base. */
  read(address: number, byteLength: number): Uint8Array<ArrayBuffer>;
  /** Returns the address that GetProcAddress finds, from the image's base, or `undefined`. */
  find(name: string): number | undefined;
}

/**
 * Maps a DLL with Windows' loader. Returns `undefined` if Windows refuses the DLL.
 *
 * @param how `"resources"` accepts a DLL for any machine, but finds no exports.
 */
export function loadDll(path: string, how: "resources" | "exports"): LoadedDll | undefined {
  const library = openLibrary("kernel32.dll", {
    LoadLibraryExW: { parameters: ["buffer", "pointer", "u32"], result: "u64" },
    FreeLibrary: { parameters: ["u64"], result: "i32" },
    GetProcAddress: { parameters: ["u64", "buffer"], result: "u64" },
  });
  const { symbols } = library;
  const wide = Uint16Array.from(`${path}\0`, (unit) => unit.charCodeAt(0));
  const flags = how === "resources" ? LOAD_LIBRARY_AS_IMAGE_RESOURCE : DONT_RESOLVE_DLL_REFERENCES;
  const handle = symbols.LoadLibraryExW(wide, null, flags);
  if (handle === 0n) {
    library[Symbol.dispose]();
    return undefined;
  }
  const base = handle & ~FLAGS_OF_HANDLE;
  return {
    read(address, byteLength) {
      const pointer = Deno.UnsafePointer.create(base + BigInt(address))!;
      return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, byteLength)).slice();
    },
    find(name) {
      const found = symbols.GetProcAddress(handle, new TextEncoder().encode(`${name}\0`));
      return found === 0n ? undefined : Number(found - base);
    },
    [Symbol.dispose]() {
      symbols.FreeLibrary(handle);
      library[Symbol.dispose]();
    },
  };
}

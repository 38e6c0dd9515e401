/**
 * An end by Node.js with koffi: `node.exe node.ts far|near WAY NAME`. koffi must be in the
 * node_modules of the Node.js that runs this.
 *
 * @module
 */

import { createRequire } from "node:module";
import process from "node:process";
import { runEnd } from "./driver.ts";
import { type Ffi, type Kernel32, openEvents } from "./ways/ffi_events.ts";
import { netPipe } from "./ways/net_pipe.ts";
import { netTcp } from "./ways/net_tcp.ts";

/** The part of koffi that this end uses. */
interface Koffi {
  load(path: string): Library;
  view(address: number, byteLength: number): ArrayBuffer;
}

/** A DLL that koffi has loaded. */
interface Library {
  func<Name extends keyof Kernel32>(
    name: Name,
    result: string,
    parameters: readonly string[],
  ): Kernel32[Name];
}

await runEnd({
  "events": { open: (side, name) => openEvents(loadKoffi(), side, name) },
  "pipe-bytes": netPipe,
  "tcp": netTcp,
});

function loadKoffi(): Ffi {
  const koffi: Koffi = createRequire(process.execPath)("koffi");
  const library = koffi.load("kernel32.dll");
  return {
    kernel32: {
      CreateFileMappingW: library.func("CreateFileMappingW", "intptr", [
        "intptr",
        "void *",
        "uint32",
        "uint32",
        "uint32",
        "void *",
      ]),
      MapViewOfFile: library.func("MapViewOfFile", "intptr", [
        "intptr",
        "uint32",
        "uint32",
        "uint32",
        "size_t",
      ]),
      CreateEventW: library.func("CreateEventW", "intptr", ["void *", "int", "int", "void *"]),
      SetEvent: library.func("SetEvent", "int", ["intptr"]),
      WaitForSingleObject: library.func("WaitForSingleObject", "uint32", ["intptr", "uint32"]),
      CloseHandle: library.func("CloseHandle", "int", ["intptr"]),
    },
    memoryAt: (address, byteLength) => koffi.view(address, byteLength),
  };
}

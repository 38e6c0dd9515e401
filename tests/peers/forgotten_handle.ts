/**
 * Forgets a handle, collects garbage until it is closed, and says whether it was.
 * Run with --v8-flags=--expose-gc.
 *
 * @module
 */

import { Handle } from "../../ffi/handle.ts";
import { openLibrary } from "../open_library.ts";

declare const gc: () => void;

using library = openLibrary("kernel32.dll", {
  CreateEventW: { parameters: ["pointer", "i32", "i32", "pointer"], result: "usize" },
  GetHandleInformation: { parameters: ["usize", "buffer"], result: "i32" },
});

function forget(): bigint {
  return new Handle(library.symbols.CreateEventW(null, 1, 0, null), "event").value;
}

function isOpen(handle: bigint): boolean {
  return library.symbols.GetHandleInformation(handle, new Uint32Array(1)) !== 0;
}

const handle = forget();
console.log(isOpen(handle) ? "open" : "closed");
const deadline = performance.now() + 20_000;
while (isOpen(handle) && performance.now() < deadline) {
  gc();
  await new Promise((resolve) => setTimeout(resolve, 1));
}
console.log(isOpen(handle) ? "open" : "closed");

/**
 * Forgets a hundred handles, collects garbage until they are closed, and writes how many are still
 * open. Run with --v8-flags=--expose-gc.
 *
 * @module
 */

import { Handle } from "../../../ffi/handle.ts";
import { openLibrary } from "../../support/open_library.ts";

declare const gc: () => void;

using library = openLibrary("kernel32.dll", {
  CreateEventW: { parameters: ["pointer", "i32", "i32", "pointer"], result: "usize" },
  GetHandleInformation: { parameters: ["usize", "buffer"], result: "i32" },
});

function forget(): bigint {
  return new Handle(library.symbols.CreateEventW(null, 1, 0, null), "event").value;
}

function countOpen(handles: bigint[]): number {
  const flags = new Uint32Array(1);
  return handles.filter((handle) => library.symbols.GetHandleInformation(handle, flags)).length;
}

const handles = Array.from({ length: 100 }, forget);
console.log("open:", countOpen(handles));
const deadline = performance.now() + 20_000;
// One handle can stay open, because a register of the processor can still refer to it.
while (countOpen(handles) > 1 && performance.now() < deadline) {
  gc();
  await new Promise((resolve) => setTimeout(resolve, 1));
}
console.log("forgotten and open:", Math.max(0, countOpen(handles) - 1));

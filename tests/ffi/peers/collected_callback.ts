/**
 * Collects garbage, and then calls a callback of which only the address is left. If the callback
 * was collected, the process crashes. Run with --v8-flags=--expose-gc.
 *
 * @module
 */

import { GuardedCallback } from "../../../ffi/callback.ts";

declare const gc: () => void;

const PROCEDURE = {
  parameters: ["usize", "u32", "u64", "i64"],
  result: { struct: ["i64"] },
} as const;

function forget(): bigint {
  return Deno.UnsafePointer.value(GuardedCallback.windowProcedure(() => 42n).pointer);
}

const address = forget();
for (let i = 0; i < 20; i++) {
  gc();
  await new Promise((resolve) => setTimeout(resolve, 1));
}
const pointer = Deno.UnsafePointer.create<typeof PROCEDURE>(address)!;
const answer = new Deno.UnsafeFnPointer(pointer, PROCEDURE).call(0n, 0, 0n, 0n);
console.log(new BigInt64Array(answer.buffer)[0]);

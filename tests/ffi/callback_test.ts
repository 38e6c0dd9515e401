import { assertEquals, assertThrows } from "@std/assert";
import { GuardedCallback } from "../../ffi/callback.ts";
import { runPeer } from "../support/run_peer.ts";

const PROCEDURE = {
  parameters: ["usize", "u32", "u64", "i64"],
  result: { struct: ["i64"] },
} as const;

/** Calls a window procedure as Windows does. */
function call(callback: GuardedCallback, message: number): bigint {
  const address = Deno.UnsafePointer.value(callback.pointer);
  const pointer = Deno.UnsafePointer.create<typeof PROCEDURE>(address)!;
  const procedure = new Deno.UnsafeFnPointer(pointer, PROCEDURE);
  return new BigInt64Array(procedure.call(1n, message, 2n, -3n).buffer)[0]!;
}

Deno.test("GuardedCallback.windowProcedure() passes the arguments on and returns the answer", () => {
  const seen: unknown[] = [];
  using callback = GuardedCallback.windowProcedure((...args) => {
    seen.push(args);
    return -5n;
  });
  assertEquals(call(callback, 0x4a), -5n);
  assertEquals(seen, [[1n, 0x4a, 2n, -3n]]);
});

Deno.test("GuardedCallback answers 0 if its body throws, and keeps the first error", () => {
  using callback = GuardedCallback.windowProcedure((_window, message) => {
    throw new Error(`message ${message}`);
  });
  assertEquals(call(callback, 1), 0n);
  assertEquals(call(callback, 2), 0n);
  assertThrows(() => callback.throwIfFailed(), Error, "message 1");
  callback.throwIfFailed();
});

Deno.test("GuardedCallback that closes itself is freed when the event loop runs again", async () => {
  const callback = GuardedCallback.windowProcedure((_window, message) => {
    callback.close();
    // A further call during this one still works.
    return message === 1 ? call(callback, 2) : 7n;
  });
  assertEquals(call(callback, 1), 7n);
  await new Promise((resolve) => setTimeout(resolve));
  callback.close();
});

Deno.test("GuardedCallback is not collected while only Windows knows its address", async () => {
  assertEquals(
    await runPeer("ffi/peers/collected_callback.ts", [], { flags: ["--v8-flags=--expose-gc"] }),
    [
      "42n",
    ],
  );
});

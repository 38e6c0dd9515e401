/**
 * No function of user32 may end the process because a procedure of ours runs inside it. The
 * slow ones are called less often here; `deno task test:reentry` calls all of them 200,000 times.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { REENTRANT_APIS } from "./reentrant_apis.ts";
import { runPeer } from "../support/run_peer.ts";

/** How often each is called; the slow ones as often as it takes to be optimised, and some more. */
const ROUNDS: Record<string, number> = {
  SendMessageW: 200_000,
  SendMessageTimeoutW: 200_000,
  DispatchMessageW: 200_000,
  DefWindowProcW: 200_000,
  PeekMessageW: 20_000,
  GetMessageW: 20_000,
  EnumWindows: 15_000,
  CreateWindowExW: 5_000,
  DestroyWindow: 5_000,
};

const timeout = 300_000;
const flags = ["--allow-read"];

for (const [api, rounds] of Object.entries(ROUNDS)) {
  Deno.test(`user32's ${api} survives that the procedure undoes the caller's code`, async () => {
    const said = await runPeer("ffi/peers/reentrant_call.ts", [api, `${rounds}`], {
      flags,
      timeout,
    });
    // Two rounds come after the promise was broken, each adding one more.
    assertEquals(said, ["2", "hot"]);
  });
}

Deno.test("a plain result does not survive it: https://github.com/denoland/deno/issues/31122", async () => {
  // Should this pass one day, the table's struct results can go.
  const said = await runPeer("ffi/peers/reentrant_call.ts", ["plain", "200000"], {
    flags,
    stderr: "null",
  });
  assertEquals(said, [""]);
});

Deno.test("user32's functions that may run a procedure of ours are all driven here", () => {
  assertEquals(REENTRANT_APIS.toSorted(), Object.keys(ROUNDS).toSorted());
});

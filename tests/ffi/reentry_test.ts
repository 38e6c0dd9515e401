/**
 * Checks that no function of user32 ends the process if a JavaScript procedure runs inside it. The
 * slow functions are called less often here. `deno task test:reentry` calls all of them 200,000
 * times.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { REENTRANT_APIS } from "./reentrant_apis.ts";
import { runPeer } from "../support/run_peer.ts";

/** Calls of each function: for the slow ones, a few more than V8 needs to optimise the loop. */
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
  Deno.test(`user32's ${api} survives a procedure that deoptimises the caller`, async () => {
    const said = await runPeer("ffi/peers/reentrant_call.ts", [api, `${rounds}`], {
      flags,
      timeout,
    });
    // The last two rounds come after the callback has broken V8's assumption. Each adds 1.
    assertEquals(said, ["2", "hot"]);
  });
}

Deno.test({
  name: "SendMessageW with a plain result aborts: https://github.com/denoland/deno/issues/31122",
  // On Wine 10 for ARM64, the process writes V8's error, and then does not end.
  ignore: isWine() && Deno.build.arch === "aarch64",
  fn: async () => {
    // If a new Deno no longer aborts here, USER32 needs no struct results any more.
    const said = await runPeer("ffi/peers/reentrant_call.ts", ["plain", "200000"], {
      flags,
      stderr: "null",
    });
    assertEquals(said, [""]);
  },
});

Deno.test("ROUNDS has all functions of user32 that can run a procedure of the script", () => {
  assertEquals(REENTRANT_APIS.toSorted(), Object.keys(ROUNDS).toSorted());
});

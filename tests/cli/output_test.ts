// Task: test:command
//
// The standard output of the command as a file on a full disk. Linux below Wine has such a file.

import { assertEquals, assertMatch } from "@std/assert";
import { SLOWNESS } from "../support/slowness.ts";
import { commandLine } from "./winipc.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";

/** Runs the command with a full disk as its standard output. */
async function winipcOnFullDisk(args: readonly string[]) {
  // The shell of Wine opens the file.
  const words = [Deno.execPath(), ...commandLine(args)];
  const { code, stderr } = await new Deno.Command("cmd", {
    args: ["/c", ...words, ">", "Z:\\dev\\full"],
    windowsRawArguments: true,
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "winipc ends with 1 if its output cannot be written, as on a full disk",
  ignore: !isWine(),
  fn: async () => {
    const { code, err } = await winipcOnFullDisk(["--help"]);
    assertMatch(err, /^Cannot write to the standard output: .+ 112\)\r?\n$/);
    assertEquals(code, 1);
  },
});

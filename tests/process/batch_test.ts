// Task: test:peers

/**
 * Compares how `spawn()` and `Deno.Command` pass arguments to batch files.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { spawn, type SpawnOptions } from "../../mod.ts";
import { compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { peerUrl } from "../support/peer_url.ts";
import { removeFolder } from "../support/remove_folder.ts";

const ARGUMENTS: readonly (readonly string[])[] = [
  ["C:\\dir\\", "next"],
  ["C:\\a b\\", "next"],
  ["next", "C:\\dir\\"],
  ["two\\\\", "three\\\\\\", "last"],
  ["\\"],
  ["\\\\server\\share\\", "\\", "x"],
  ["a\\b\\c", "d\\ e"],
  ["", "C:\\", ""],
  ["", ""],
  ["a b", "a,b", "a-b"],
  [],
];

peers.test("spawn() passes arguments to a batch file and its programs as Deno.Command does", async (bits) => {
  await using program = await compileC(peerUrl("process/peers/report_path.c"), { bits });
  const path = await Deno.makeTempDir({ prefix: "winipc-" });
  const batch = `${path}\\pass on.cmd`;
  try {
    await Deno.writeTextFile(batch, `@echo %1;%2;%3\r\n@"${program.path}" %*\r\n`);
    for (const args of ARGUMENTS) {
      const outputs = [
        (options: SpawnOptions) => spawn(batch, options),
        (options: SpawnOptions) => new Deno.Command(batch, options as Deno.CommandOptions).spawn(),
      ].map(async (start) => {
        const child = start({ args, stdin: "null", stdout: "piped", stderr: "null" });
        return new TextDecoder().decode((await child.output()).stdout);
      });
      const [ours, denos] = await Promise.all(outputs);
      assertEquals(ours, denos, JSON.stringify(args));
      const [, ...arrived] = ours!.slice(ours!.indexOf("\n") + 1).split("\0");
      assertEquals(arrived, [...args, ""]);
    }
  } finally {
    await removeFolder(path);
  }
});

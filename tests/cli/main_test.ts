// The command line: help, versions, mistakes and exit codes. Each call is a process.

import { assertEquals, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../src/cli/commands.ts";
import { winipc } from "./winipc.ts";

Deno.test("winipc without a command prints its help on the standard error, and ends with 2", async () => {
  const [nothing, help] = await Promise.all([winipc([]), winipc(["--help"])]);
  assertEquals([nothing.code, nothing.out], [2, ""]);
  assertEquals([help.code, help.err], [0, ""]);
  assertEquals(nothing.err, help.out);
  for (const { name } of COMMANDS) assertStringIncludes(help.out, `\n  ${name} `);
});

Deno.test("winipc --version prints the version of deno.json", async () => {
  assertEquals(await winipc(["--version"]), {
    code: 0,
    out: `winipc ${config.version}\n`,
    err: "",
  });
});

Deno.test("winipc needs no permission for its help", async () => {
  const { code, out, err } = await winipc(["ls", "--help"], { flags: [] });
  assertEquals([code, err], [0, ""]);
  assertStringIncludes(out, "Usage: winipc ls [KIND] [PATTERN] [OPTION…]\n");
});

Deno.test("winipc suggests the nearest name for a mistyped one, and ends with 2", async () => {
  const mistakes: [string[], string][] = [
    [["lss"], 'There is no command "lss": did you mean "ls"?\nSee winipc --help\n'],
    [["ls", "--jso"], 'There is no option "--jso": did you mean "--json"?\nSee winipc ls --help\n'],
    [["dump"], "Expected NAME\nSee winipc dump --help\n"],
    [["bench", "--size"], "Expected a value after --size: --size N\nSee winipc bench --help\n"],
  ];
  const ended = await Promise.all(mistakes.map(([args]) => winipc(args)));
  assertEquals(ended, mistakes.map(([, err]) => ({ code: 2, out: "", err })));
});

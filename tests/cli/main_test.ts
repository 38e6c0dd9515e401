// Task: test:command
//
// The command line: help, versions, mistakes and exit codes. Each call is a process.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../src/cli/commands.ts";
import { UsageError } from "../../src/cli/command_line/failure.ts";
import { parseLine } from "../../src/cli/command_line/parse.ts";
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

Deno.test("A negative value of an option is refused with the option's range", async () => {
  const mistakes: [string[], string][] = [
    [
      ["watch", "x", "--interval", "-1"],
      '--interval to be an integer from 10 to 3600000, got "-1"',
    ],
    [["watch", "x", "--interval=-1"], '--interval to be an integer from 10 to 3600000, got "-1"'],
    [["replay", "x", "y", "--speed", "-.5"], '--speed to be a number from 0 to 1000000, got "-.5"'],
    [
      ["bench", "--size", "-0x10", "ring"],
      '--size to be an integer from 1 to 1048576, got "-0x10"',
    ],
  ];
  for (const [[name, ...words], message] of mistakes) {
    const spec = COMMANDS.find((spec) => spec.name === name)!;
    const mistake = assertThrows(() => parseLine(spec, words), UsageError);
    assertEquals(mistake.message, `Expected ${message}`);
  }
  assertEquals(await winipc(["dump", "--at", "-5"]), {
    code: 2,
    out: "",
    err: 'Expected --at to be an integer from 0 to 9007199254740991, got "-5"\n' +
      "See winipc dump --help\n",
  });
});

Deno.test("Words after -- are arguments, also an option and a negative number", () => {
  const spec = COMMANDS.find(({ name }) => name === "bench")!;
  const mistake = assertThrows(() => parseLine(spec, ["--", "--size", "-1"]), UsageError);
  assertStringIncludes(mistake.message, 'Expected WAY to be one of its words, got "--size"');
});

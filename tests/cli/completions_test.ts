// Task: test:command
//
// The scripts for shells. bash is run on the Linux below Wine. There is no PowerShell and seldom a
// zsh, so their scripts are compared as texts.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bashScript } from "../../src/cli/completion/bash.ts";
import type { CommandSpec } from "../../src/cli/command_line/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { linuxPath, runOnLinux } from "../support/run_on_linux.ts";
import { powershellScript } from "../../src/cli/completion/powershell.ts";
import { winipc } from "./winipc.ts";
import { winipcOnTerminal } from "./terminal.ts";
import { zshScript } from "../../src/cli/completion/zsh.ts";

/** A table that has each kind of argument and option. */
const TABLE: readonly CommandSpec[] = [
  {
    name: "paint",
    summary: "Paint a wall's [left] side: quickly.",
    description: [],
    arguments: [
      { name: "COLOUR", summary: "The colour.", choices: ["red", "blue"] },
      { name: "FILE", summary: "The pictures.", optional: true, repeated: true },
    ],
    options: [
      { name: "dry", summary: "Don't paint." },
      { name: "tool", value: "TOOL", summary: "The tool.", choices: ["brush", "roller"] },
      { name: "plan", value: "FILE", summary: "The plan." },
      { name: "layers", value: "N", summary: "How many.", integer: [1, 9], default: 2 },
    ],
    examples: [],
    permissions: [],
  },
  {
    name: "wash",
    summary: "Wash.",
    description: [],
    arguments: [],
    options: [],
    examples: [],
    permissions: [],
  },
];

/** Completes a line in bash after each comma-separated list of words. */
const COMPLETE = `
  set -u
  compopt() { :; }
  eval "$1"
  cd "$2"
  for words in "\${@:3}"; do
    mapfile -t COMP_WORDS <<<"\${words//,/$'\\n'}"
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _winipc
    echo "\${COMPREPLY[*]-}"
  done
`;

/** Returns the words with which bash completes each line. The last word of a line is completed. */
async function completeInBash(script: string, lines: readonly string[]): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await Deno.writeTextFile(`${folder}\\a plan.txt`, "");
    const words = ["bash", "-c", COMPLETE, "bash", script, linuxPath(folder), ...lines];
    return (await runOnLinux(words)).split("\n").slice(0, -1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "The script for bash completes commands, options, their values, arguments and files",
  ignore: !isWine(),
  fn: async () => {
    const cases: readonly [line: string, words: string][] = [
      ["winipc,", "paint wash --help --version"],
      ["winipc,p", "paint"],
      ["winipc,x,", ""],
      ["winipc,paint,", "red blue"],
      ["winipc,paint,b", "blue"],
      ["winipc,paint,--", "--dry --tool --plan --layers --help"],
      ["winipc,paint,--dry,r", "red"],
      ["winipc,paint,--tool,", "brush roller"],
      ["winipc,paint,--tool,=", "brush roller"],
      ["winipc,paint,--tool,=,ro", "roller"],
      ["winipc,paint,--tool,=,roller,", "red blue"],
      ["winipc,paint,--layers,", ""],
      ["winipc,paint,--layers,3,", "red blue"],
      ["winipc,paint,--plan,a", "a plan.txt"],
      ["winipc,paint,red,", "a plan.txt"],
      ["winipc,paint,red,one,two,", "a plan.txt"],
      ["winipc,wash,", ""],
      ["winipc,wash,-", "--help"],
    ];
    const found = await completeInBash(bashScript(TABLE), cases.map(([line]) => line));
    assertEquals(found, cases.map(([, words]) => words));
  },
});

Deno.test("The script for zsh describes the options and arguments of each command", () => {
  const expected = `\
        paint)
          _arguments \\
            '--dry[Don'\\''t paint.]' \\
            '--tool[The tool. One of brush, roller.]:TOOL:(brush roller)' \\
            '--plan[The plan.]:FILE:_files' \\
            '--layers[How many. Default\\: 2.]:N: ' \\
            '--help[Describe the command.]' \\
            '1:COLOUR:(red blue)' \\
            '*:FILE:_files'
          ;;
        wash)
          _arguments \\
            '--help[Describe the command.]'
          ;;
      esac
`;
  const script = zshScript(TABLE);
  assertStringIncludes(script, "'paint:Paint a wall'\\''s \\[left\\] side\\: quickly.'\n");
  assertStringIncludes(script, expected);
});

Deno.test("The script for PowerShell lists the options and arguments of each command", () => {
  const expected = `\
  $commands = [ordered]@{
    'paint' = @{
      Text = 'Paint a wall''s [left] side: quickly.'
      Options = [ordered]@{
        '--dry' = 'Don''t paint.'
        '--tool' = 'The tool. One of brush, roller.'
        '--plan' = 'The plan.'
        '--layers' = 'How many. Default: 2.'
        '--help' = 'Describe the command.'
      }
      Valued = @{ '--tool' = 'brush roller'; '--plan' = ''; '--layers' = '' }
      Places = @('red blue', '')
      Repeated = $true
    }
    'wash' = @{
      Text = 'Wash.'
      Options = [ordered]@{
        '--help' = 'Describe the command.'
      }
      Valued = @{}
      Places = @()
      Repeated = $false
    }
  }
`;
  assertStringIncludes(powershellScript(TABLE), expected);
  // Windows PowerShell reads the output of programs in the console's code page.
  assertMatch(powershellScript(COMMANDS), /^[\x20-\x7e\n]*$/);
});

Deno.test("winipc completions prints the script of a shell, without any permission", async () => {
  const scripts = { bash: bashScript, powershell: powershellScript, zsh: zshScript };
  const shells = Object.keys(scripts);
  const ended = await Promise.all([
    ...shells.map((shell) => winipc(["completions", shell], { flags: [] })),
    winipc(["completions", "fish"]),
  ]);
  assertEquals(ended, [
    ...Object.values(scripts).map((script) => ({ code: 0, out: `${script(COMMANDS)}\n`, err: "" })),
    {
      code: 2,
      out: "",
      err: 'Expected SHELL to be one of its words, got "fish": did you mean "bash"?\n' +
        "See winipc completions --help\n",
    },
  ]);
});

Deno.test({
  name: "The shells of Linux find no mistake in the scripts",
  ignore: !isWine(),
  fn: async () => {
    assertEquals(await runOnLinux(["bash", "-n", "-c", bashScript(COMMANDS)]), "");
    const check = 'command -v zsh >/dev/null || exit 0; exec zsh -n -c "$0"';
    assertEquals(await runOnLinux(["sh", "-c", check, zshScript(COMMANDS)]), "");
  },
});

Deno.test("winipc completions on a terminal prints the same script, without colours", async () => {
  const [terminal, plain] = await Promise.all([
    winipcOnTerminal(["completions", "bash"], { columns: 250 }),
    winipc(["completions", "bash"]),
  ]);
  assertEquals(terminal.code, 0);
  assertEquals(terminal.text, plain.out);
});

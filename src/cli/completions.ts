import { bashScript } from "./completion/bash.ts";
import type { Invocation } from "./command_line/command.ts";
import { COMMANDS, type SpecOf } from "./commands.ts";
import { powershellScript } from "./completion/powershell.ts";
import { zshScript } from "./completion/zsh.ts";

const SCRIPTS = { bash: bashScript, powershell: powershellScript, zsh: zshScript };

/** Runs `winipc completions`: prints the script that completes commands in a shell. */
export function run({ args, output }: Invocation<SpecOf<"completions">>): void {
  output.line(SCRIPTS[args.shell](COMMANDS));
}

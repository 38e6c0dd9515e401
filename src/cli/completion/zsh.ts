/**
 * Writes the completions for zsh.
 *
 * @see {@link https://zsh.sourceforge.io/Doc/Release/Completion-System.html}
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { completedArguments, completedOptions, type Completion } from "./words.ts";

/** Returns the script. It can be sourced, or be a file `_winipc` in a folder of `fpath`. */
export function zshScript(specs: readonly CommandSpec[]): string {
  const commands = specs.map(({ name, summary }) =>
    `        ${quote(`${name}:${escape(summary)}`)}`
  );
  return `\
#compdef winipc
# Completes the commands of winipc in zsh. Made by: winipc completions zsh

_winipc() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '(- *)--help[Describe the commands.]' '(- *)--version[Print the version.]' \\
    '1:command:->command' '*::argument:->argument' && return
  case $state in
    command)
      local -a commands=(
${commands.join("\n")}
      )
      _describe command commands
      ;;
    argument)
      case $words[1] in
${specs.map(commandCase).join("\n")}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _winipc ]]; then _winipc "$@"; else compdef _winipc winipc; fi`;
}

/** The lines that complete a subcommand. */
function commandCase(spec: CommandSpec): string {
  const options = completedOptions(spec).map(({ word, text, value }) => {
    const parameter = value === undefined ? "" : `:${value.name}:${action(value.completion)}`;
    return `'${word}[${escape(text)}]${parameter}'`;
  });
  const places = completedArguments(spec).map((completion, index) => {
    const { name, optional, repeated } = spec.arguments[index]!;
    const place = repeated ? "*" : optional ? `${index + 1}:` : index + 1;
    return `'${place}:${name}:${action(completion)}'`;
  });
  const words = [...options, ...places].map((word) => ` \\\n            ${word}`);
  return `        ${spec.name})\n          _arguments${words.join("")}\n          ;;`;
}

function action(completion: Completion): string {
  if (completion === "files") return "_files";
  return completion === "nothing" ? " " : `(${completion.join(" ")})`;
}

/** Escapes a text inside of a specification in single quotation marks. */
function escape(text: string): string {
  return text.replaceAll(/[\[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
}

function quote(text: string): string {
  return `'${text}'`;
}

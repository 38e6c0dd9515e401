/**
 * Writes the completions for bash.
 *
 * @see {@link https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html}
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { completedArguments, completedOptions, type Completion, GENERAL_OPTIONS } from "./words.ts";

/** Returns the script. */
export function bashScript(specs: readonly CommandSpec[]): string {
  const names = [...specs.map(({ name }) => name), ...GENERAL_OPTIONS];
  return `\
# Completes the commands of winipc in bash. Made by: winipc completions bash

_winipc() {
  local current=\${COMP_WORDS[COMP_CWORD]} place=0 at word before=''
  local options='' values='' completions=() repeated=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _winipc_reply "$current" '${names.join(" ")}'
    return
  fi
  # Options, options with a value, and what completes each argument.
  case \${COMP_WORDS[1]} in
${specs.map(commandCase).join("\n")}
    *) return ;;
  esac
  # In --option=value, the sign is a word of its own.
  for ((at = 2; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ $word == '=' ]]; then continue
    elif [[ $before ]]; then before=''
    elif [[ " $values " == *" $word "* ]]; then before=$word
    elif [[ $word != -* ]]; then ((place += 1))
    fi
  done
  if [[ $repeated ]] && ((place >= \${#completions[@]})); then place=$((\${#completions[@]} - 1)); fi
  [[ $current != '=' ]] || current=''
  if [[ $before ]]; then
    case \${COMP_WORDS[1]}$before in
${specs.flatMap(valueCases).join("\n")}
    esac
  elif [[ $current == -* ]]; then
    _winipc_reply "$current" "$options"
  else
    _winipc_reply "$current" "\${completions[place]-}"
  fi
}

_winipc_reply() {
  local IFS=$'\\n'
  if [[ $2 == '<files>' ]]; then
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "$1"))
  else
    COMPREPLY=($(IFS=' ' && compgen -W "$2" -- "$1"))
  fi
}

complete -F _winipc winipc`;
}

/** The line that sets the words of a subcommand. */
function commandCase(spec: CommandSpec): string {
  const options = completedOptions(spec);
  const words = (list: typeof options) => quote(list.map(({ word }) => word));
  const completions = completedArguments(spec).map(quoteCompletion);
  const repeated = spec.arguments.at(-1)?.repeated ? " repeated=1" : "";
  return `    ${spec.name}) options=${words(options)} ` +
    `values=${words(options.filter(({ value }) => value))} ` +
    `completions=(${completions.join(" ")})${repeated} ;;`;
}

/** The lines that complete the values of a subcommand's options. */
function valueCases(spec: CommandSpec): string[] {
  return completedOptions(spec).flatMap(({ word, value }) =>
    value === undefined || value.completion === "nothing" ? [] : [
      `      ${spec.name}${word}) _winipc_reply "$current" ${quoteCompletion(value.completion)} ;;`,
    ]
  );
}

function quoteCompletion(completion: Completion): string {
  return quote(completion === "files" ? ["<files>"] : completion === "nothing" ? [] : completion);
}

/** Words of the table have no quotation marks. */
function quote(words: readonly string[]): string {
  return `'${words.join(" ")}'`;
}

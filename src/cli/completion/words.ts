/**
 * The words that complete a command line, for the scripts of all shells.
 *
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { optionText } from "../command_line/help.ts";

/** What completes a word: given words, the names of files, or nothing. */
export type Completion = readonly string[] | "files" | "nothing";

/** An option that a shell completes. */
export interface CompletedOption {
  /** The option as the user types it: `--json`. */
  readonly word: string;
  /** The meaning, for shells that show it. */
  readonly text: string;
  /** The name of the value and what completes it, if the option has a value. */
  readonly value?: { readonly name: string; readonly completion: Completion };
}

/** An option that each subcommand has. */
const HELP: CompletedOption = { word: "--help", text: "Describe the command." };

/** The words that can stand in place of a subcommand. */
export const GENERAL_OPTIONS = ["--help", "--version"] as const;

/** Returns the options of a subcommand. */
export function completedOptions(spec: CommandSpec): CompletedOption[] {
  const own = spec.options.map((option): CompletedOption => {
    const { name, value, choices } = option;
    const described = { word: `--${name}`, text: optionText(option) };
    if (value === undefined) return described;
    return { ...described, value: { name: value, completion: completionOf(value, choices) } };
  });
  return [...own, HELP];
}

/** Returns what completes each argument of a subcommand, in their order. */
export function completedArguments(spec: CommandSpec): Completion[] {
  return spec.arguments.map(({ name, choices }) => completionOf(name, choices));
}

function completionOf(name: string, choices: readonly string[] | undefined): Completion {
  return choices ?? (name === "FILE" ? "files" : "nothing");
}

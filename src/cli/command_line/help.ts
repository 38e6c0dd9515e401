/**
 * The help texts, made from the table of subcommands.
 *
 * @module
 */

import { alignColumns } from "../printing/columns.ts";
import type { ArgumentSpec, CommandSpec, OptionSpec } from "./command.ts";

/** The width of the help texts in columns. */
const WIDTH = 80;

/** Returns the text of `winipc --help`. */
export function generalHelp(specs: readonly CommandSpec[]): string {
  return [
    "winipc shows what processes share on this machine, and lets you take part.",
    "",
    "Usage: winipc COMMAND [ARGUMENT…] [OPTION…]",
    "",
    ...indent(alignColumns(specs.map(({ name, summary }) => [name, summary]))),
    "",
    "winipc COMMAND --help describes a command. winipc --version prints the version.",
    "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 denied, 124 timed out, 130 Ctrl-C.",
  ].join("\n");
}

/** Returns the text of `winipc COMMAND --help`. */
export function commandHelp(spec: CommandSpec): string {
  const rows = [
    ...spec.arguments.map((argument) => [argumentName(argument), argumentText(argument)]),
    ...spec.options.map((option) => [optionName(option), optionText(option)]),
  ];
  const examples = spec.examples.flatMap(({ text, command }) => [`${text}:`, `    ${command}`]);
  const keys = alignColumns((spec.json ?? []).map(({ key, meaning }) => [key, meaning]));
  return [
    `Usage: ${usageOf(spec)}`,
    ...spec.description.flatMap((paragraph) => ["", ...wrap(paragraph, WIDTH)]),
    ...(rows.length > 0 ? ["", ...indent(alignColumns(rows))] : []),
    ...(keys.length > 0 ? ["", "Keys of the JSON objects:", ...indent(keys)] : []),
    "",
    ...spec.permissions.map(({ flag, when }) => `Needs ${flag} ${when}.`),
    ...(spec.permissions.length > 0 ? [""] : []),
    ...examples,
  ].join("\n");
}

/** Returns the line that shows how to call a subcommand: `winipc info NAME [OPTION…]`. */
export function usageOf(spec: CommandSpec): string {
  const words = ["winipc", spec.name, ...spec.arguments.map(argumentName)];
  return [...words, ...(spec.options.length > 0 ? ["[OPTION…]"] : [])].join(" ");
}

/** Returns an argument as the usage line shows it: `NAME`, `[KIND]`, `[WAY…]`. */
export function argumentName({ name, optional, repeated }: ArgumentSpec): string {
  const shown = repeated ? `${name}…` : name;
  return optional ? `[${shown}]` : shown;
}

/** Returns an option as the user types it: `--interval MS`. */
export function optionName({ name, value }: OptionSpec): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

/** Returns an argument's meaning, with its words. */
export function argumentText({ summary, choices }: ArgumentSpec): string {
  return choices === undefined ? summary : `${summary} One of ${choices.join(", ")}.`;
}

/** Returns an option's meaning, with its words and its default. */
export function optionText({ summary, choices, default: value }: OptionSpec): string {
  const words = choices === undefined ? "" : ` One of ${choices.join(", ")}.`;
  return `${summary}${words}${value === undefined ? "" : ` Default: ${value}.`}`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** Breaks a paragraph into lines. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

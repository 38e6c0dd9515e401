/**
 * Reads the command line of a subcommand by its entry in the table.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import type { ArgumentsOf, ArgumentSpec, CommandSpec, OptionsOf, OptionSpec } from "./command.ts";
import { hintFor, show } from "../../../ffi/arguments.ts";
import { UsageError } from "./failure.ts";

/** The values of a command line. */
export interface ParsedLine<Spec extends CommandSpec> {
  readonly args: ArgumentsOf<Spec>;
  readonly options: OptionsOf<Spec>;
  /** Whether `--help` was given. The other values are then not checked. */
  readonly help: boolean;
}

/**
 * Reads the words after a subcommand's name.
 *
 * @throws {UsageError} If a word is unknown, missing, too many, or has a wrong value.
 */
export function parseLine<Spec extends CommandSpec>(
  spec: Spec,
  words: readonly string[],
): ParsedLine<Spec> {
  const flags = spec.options.filter((option) => option.value === undefined);
  const valued = spec.options.filter((option) => option.value !== undefined);
  const names = ["--help", ...spec.options.map(({ name }) => `--${name}`)];
  const found = parseArgs(withNegativeValues(words, valued), {
    boolean: ["help", ...flags.map(({ name }) => name)],
    // The name _ keeps arguments that look like numbers as they are.
    string: ["_", ...valued.map(({ name }) => name)],
    collect: valued.map(({ name }) => name),
    alias: { help: "h" },
    unknown: (word, key) => {
      if (key === undefined) return true;
      // A word with one dash is more likely data, such as -5.
      const isData = /^-[^-]/.test(word) && spec.arguments.length > 0;
      const advice = isData ? `; write -- before an argument that begins with a dash` : "";
      throw new UsageError(
        `There is no option ${show(word)}: ${hintFor("options", word, names)}${advice}`,
      );
    },
  });
  const values = new Map<string, unknown>(Object.entries(found));
  const help = values.get("help") === true;
  const options = Object.fromEntries(
    spec.options.map((option) => [option.name, optionValue(option, values.get(option.name), help)]),
  );
  const args = argumentValues(spec.arguments, found._.map(String), help);
  // The entries have been made from the same specifications as the types.
  return { args, options, help } as ParsedLine<Spec>;
}

/**
 * Joins each option with a negative number after it: `--at -5` becomes `--at=-5`. Otherwise,
 * `parseArgs` takes the number for an option.
 */
function withNegativeValues(words: readonly string[], valued: readonly OptionSpec[]): string[] {
  const labels = new Set(valued.map(({ name }) => `--${name}`));
  const joined: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const [word = "", next = ""] = words.slice(index, index + 2);
    // All words after -- are arguments.
    if (word === "--") return [...joined, ...words.slice(index)];
    const isValue = labels.has(word) && /^-[\d.]/.test(next);
    joined.push(isValue ? `${word}=${next}` : word);
    if (isValue) index++;
  }
  return joined;
}

function optionValue(spec: OptionSpec, found: unknown, help: boolean): unknown {
  if (spec.value === undefined) return found === true;
  const given: unknown[] = Array.isArray(found) ? found : [];
  if (given.length === 0 || help) return spec.default;
  const label = `--${spec.name}`;
  if (given.length > 1) {
    throw new UsageError(`Expected ${label} once, got it ${given.length} times`);
  }
  const text = String(given[0]);
  if (text === "") throw new UsageError(`Expected a value after ${label}: ${label} ${spec.value}`);
  if (spec.choices !== undefined) assertChoice(label, text, spec.choices);
  const range = spec.integer ?? spec.number;
  return range === undefined ? text : numberOf(label, text, range, spec.integer !== undefined);
}

/** Accepts decimal numbers, and hexadecimal integers: `0x10`. */
function numberOf(
  label: string,
  text: string,
  [least, most]: readonly [number, number],
  isInteger: boolean,
): number {
  const pattern = isInteger ? /^(?:\d+|0x[0-9a-f]+)$/i : /^\d+(?:\.\d+)?$/;
  const value = Number(text);
  if (pattern.test(text) && value >= least && value <= most) return value;
  const noun = isInteger ? "an integer" : "a number";
  throw new UsageError(
    `Expected ${label} to be ${noun} from ${least} to ${most}, got ${show(text)}`,
  );
}

function assertChoice(label: string, text: string, choices: readonly string[]): void {
  if (choices.includes(text)) return;
  throw new UsageError(
    `Expected ${label} to be one of its words, got ${show(text)}: ` +
      hintFor("words", text, choices),
  );
}

function argumentValues(
  specs: readonly ArgumentSpec[],
  words: readonly string[],
  help: boolean,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  specs.forEach((spec, index) => {
    const word = words[index];
    if (spec.repeated) {
      const rest = words.slice(index);
      values[spec.name.toLowerCase()] = rest;
      if (help || !spec.choices) return;
      for (const word of rest) assertChoice(spec.name, word, spec.choices);
    } else {
      values[spec.name.toLowerCase()] = word;
      if (help) return;
      if (word === undefined && !spec.optional) throw new UsageError(`Expected ${spec.name}`);
      if (word === "" && !spec.empty) {
        throw new UsageError(`Expected ${spec.name}, got an empty text`);
      }
      if (word !== undefined && spec.choices && !spec.open) {
        assertChoice(spec.name, word, spec.choices);
      }
    }
  });
  const extra = words[specs.length];
  if (extra !== undefined && !specs.at(-1)?.repeated && !help) {
    throw new UsageError(`Expected no further argument, got ${show(extra)}`);
  }
  return values;
}

/**
 * The types of the table of subcommands, and of the values that a subcommand gets.
 *
 * @module
 */

import type { Output } from "../printing/output.ts";

/** A positional argument of a subcommand. */
export interface ArgumentSpec {
  /** The name in help texts: `NAME`. */
  readonly name: Uppercase<string>;
  /** One sentence for help texts. */
  readonly summary: string;
  /** Whether the argument can be left out. Only the last arguments can. */
  readonly optional?: true;
  /** Whether the last argument can be given many times. */
  readonly repeated?: true;
  /** Whether the argument can be an empty text. */
  readonly empty?: true;
  /** The words that the argument can be. */
  readonly choices?: readonly string[];
  /** Whether the argument can also be a word that is not one of the choices. */
  readonly open?: true;
}

/** An option of a subcommand: a flag, or an option with a value. */
export interface OptionSpec {
  /** The name without its two dashes: `json`. */
  readonly name: Lowercase<string>;
  /** The name of the value in help texts: `MS`. Without it, the option is a flag. */
  readonly value?: Uppercase<string>;
  /** One sentence for help texts. */
  readonly summary: string;
  /** The words that the value can be. */
  readonly choices?: readonly string[];
  /** The smallest and the largest value, if the value is an integer. */
  readonly integer?: readonly [least: number, most: number];
  /** The smallest and the largest value, if the value is a number. */
  readonly number?: readonly [least: number, most: number];
  /** The value of an option that is not given. */
  readonly default?: string | number;
}

/** A key of the JSON objects that a subcommand prints. */
export interface JsonKey {
  /** The key in camelCase; of a nested object with a dot: `owner.name`. */
  readonly key: string;
  /** What the value is, with its unit and when the key is missing. */
  readonly meaning: string;
}

/** A subcommand: one entry of the table. */
export interface CommandSpec {
  /** The word after `winipc`. */
  readonly name: string;
  /** One line for the list of subcommands. */
  readonly summary: string;
  /** The paragraphs of the help text and of the command's documentation. */
  readonly description: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Examples, each with one sentence and a command line. */
  readonly examples: readonly { readonly text: string; readonly command: string }[];
  /** The permissions besides `--allow-ffi`, and when the subcommand needs them. */
  readonly permissions: readonly { readonly flag: string; readonly when: string }[];
  /** The keys of its JSON objects, if it prints JSON. */
  readonly json?: readonly JsonKey[];
}

type ArgumentValue<A> = A extends { repeated: true; choices: readonly (infer Word)[] }
  ? readonly Word[]
  : A extends { repeated: true } ? readonly string[]
  : A extends { open: true } ? Optional<A, string>
  : A extends { choices: readonly (infer Word)[] } ? Optional<A, Word>
  : Optional<A, string>;
type Optional<A, Value> = A extends { optional: true } ? Value | undefined : Value;

type OptionValue<O> = O extends { value: string }
  ? O extends { default: string | number } ? Given<O>
  : Given<O> | undefined
  : boolean;
type Given<O> = O extends { integer: unknown } | { number: unknown } ? number
  : O extends { choices: readonly (infer Word)[] } ? Word
  : string;

/** The values of the arguments, by their names in lower case. */
export type ArgumentsOf<Spec extends CommandSpec> = {
  readonly [A in Spec["arguments"][number] as Lowercase<A["name"]>]: ArgumentValue<A>;
};

/** The values of the options, by their names. */
export type OptionsOf<Spec extends CommandSpec> = {
  readonly [O in Spec["options"][number] as O["name"]]: OptionValue<O>;
};

/** One call of a subcommand. */
export interface Invocation<Spec extends CommandSpec> {
  readonly args: ArgumentsOf<Spec>;
  readonly options: OptionsOf<Spec>;
  readonly output: Output;
  /** Aborts on Ctrl-C, and if nobody reads the standard output any more. */
  readonly signal: AbortSignal;
}

/** The function of a subcommand's module. It returns the exit code; nothing means 0. */
export type Run<Spec extends CommandSpec> = (
  invocation: Invocation<Spec>,
) => Promise<number | void> | number | void;

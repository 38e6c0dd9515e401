/**
 * Runs a command line of `winipc`.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import { commandHelp, generalHelp } from "./command_line/help.ts";
import { type CommandName, COMMANDS, type SpecOf } from "./commands.ts";
import { hintFor, show } from "../../ffi/arguments.ts";
import { CtrlC } from "./waiting/interrupt.ts";
import { escapeText } from "./printing/escape.ts";
import { EXIT, exitCodeOf, textOf, UsageError } from "./command_line/failure.ts";
import { Output } from "./printing/output.ts";
import { parseLine } from "./command_line/parse.ts";
import type { Run } from "./command_line/command.ts";

/** The version of this module, as deno.json says it. */
export const VERSION = "0.1.0";

/** The module of each subcommand, loaded when it runs. */
const MODULES: { readonly [Name in CommandName]: () => Promise<{ run: Run<SpecOf<Name>> }> } = {
  ls: () => import("./ls.ts"),
  info: () => import("./info.ts"),
  dump: () => import("./dump.ts"),
  watch: () => import("./watch.ts"),
  top: () => import("./top.ts"),
  tail: () => import("./tail.ts"),
  send: () => import("./send.ts"),
  listen: () => import("./listen.ts"),
  bridge: () => import("./bridge.ts"),
  record: () => import("./record.ts"),
  replay: () => import("./replay.ts"),
  dll: () => import("./dll.ts"),
  bench: () => import("./bench.ts"),
  doctor: () => import("./doctor.ts"),
  completions: () => import("./completions.ts"),
};

/** Runs a command line, and returns the exit code. It never throws. */
export async function main(words: readonly string[]): Promise<number> {
  const output = new Output();
  // Colours are for people: not in files and pipes, and not if NO_COLOR is set.
  setColorEnabled(output.isTerminal && !Deno.noColor);
  const [first = "", ...rest] = words;
  const command = COMMANDS.find(({ name }) => name === first);
  try {
    using ctrlC = new CtrlC();
    const code = command
      ? await runCommand(command.name, rest, output, ctrlC.signal)
      : runGeneral(first, output);
    output.flush();
    return code;
  } catch (error) {
    const text = textOf(error, command ? `winipc ${command.name}` : "winipc");
    if (text !== undefined) output.note(text.split("\n").map(escapeText).join("\n"));
    return exitCodeOf(error);
  } finally {
    // The next thing on this line is the shell's prompt.
    output.clearStatus();
  }
}

function runGeneral(word: string, output: Output): number {
  if (["--help", "-h", "help"].includes(word)) output.line(generalHelp(COMMANDS));
  else if (["--version", "-V"].includes(word)) output.line(`winipc ${VERSION}`);
  else if (word === "") {
    output.note(generalHelp(COMMANDS));
    return EXIT.usage;
  } else {
    const names = COMMANDS.map(({ name }) => name);
    throw new UsageError(`There is no command ${show(word)}: ${hintFor("commands", word, names)}`);
  }
  return EXIT.done;
}

async function runCommand<Name extends CommandName>(
  name: Name,
  words: readonly string[],
  output: Output,
  interrupted: AbortSignal,
): Promise<number> {
  const spec = COMMANDS.find((spec): spec is SpecOf<Name> => spec.name === name)!;
  const { args, options, help } = parseLine(spec, words);
  if (help) {
    output.line(commandHelp(spec));
    return EXIT.done;
  }
  const { run } = await MODULES[name]();
  const signal = AbortSignal.any([interrupted, output.closed]);
  const code = await run({ args, options, output, signal });
  signal.throwIfAborted();
  return code ?? EXIT.done;
}

/**
 * Writes the completions for PowerShell, from version 5.1 that Windows has.
 *
 * @see {@link https://learn.microsoft.com/powershell/module/microsoft.powershell.core/register-argumentcompleter}
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { completedArguments, completedOptions, type Completion } from "./words.ts";

/** Returns the script. Where it returns nothing, PowerShell completes the names of files. */
export function powershellScript(specs: readonly CommandSpec[]): string {
  return `\
# Completes the commands of winipc in PowerShell. Made by: winipc completions powershell

Register-ArgumentCompleter -Native -CommandName 'winipc', 'winipc.cmd' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = [ordered]@{
${specs.map(commandEntry).join("\n")}
  }
  $before = @($commandAst.CommandElements |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
    Select-Object -Skip 1 |
    ForEach-Object { $_.ToString() })
  $words = [ordered]@{}
  if ($before.Count -eq 0) {
    foreach ($name in $commands.Keys) { $words[$name] = $commands[$name].Text }
    $words['--help'] = 'Describe the commands.'
    $words['--version'] = 'Print the version.'
  } elseif ($commands.Contains($before[0])) {
    $command = $commands[$before[0]]
    $place = 0
    $option = ''
    foreach ($word in @($before | Select-Object -Skip 1)) {
      if ($option -ne '') { $option = '' }
      elseif ($command.Valued.Contains($word)) { $option = $word }
      elseif (-not $word.StartsWith('-')) { $place++ }
    }
    if ($option -ne '') {
      foreach ($word in -split $command.Valued[$option]) { if ($word) { $words[$word] = $word } }
    } elseif ($wordToComplete.StartsWith('-')) {
      $words = $command.Options
    } else {
      if ($command.Repeated -and $place -ge $command.Places.Count) { $place = $command.Places.Count - 1 }
      if ($place -lt $command.Places.Count) {
        foreach ($word in -split $command.Places[$place]) { if ($word) { $words[$word] = $word } }
      }
    }
  }
  foreach ($word in $words.Keys) {
    if ($word.StartsWith($wordToComplete, [StringComparison]::OrdinalIgnoreCase)) {
      [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $words[$word])
    }
  }
}`;
}

/** The entry of a subcommand: its options, the values of options, and the arguments. */
function commandEntry(spec: CommandSpec): string {
  const options = completedOptions(spec);
  const texts = options.map(({ word, text }) => `${quote(word)} = ${quote(text)}`);
  const values = options.flatMap(({ word, value }) =>
    value === undefined ? [] : [`${quote(word)} = ${wordsOf(value.completion)}`]
  );
  return [
    `    ${quote(spec.name)} = @{`,
    `      Text = ${quote(spec.summary)}`,
    `      Options = [ordered]@{\n        ${texts.join("\n        ")}\n      }`,
    `      Valued = @{${values.length > 0 ? ` ${values.join("; ")} ` : ""}}`,
    `      Places = @(${completedArguments(spec).map(wordsOf).join(", ")})`,
    `      Repeated = ${spec.arguments.at(-1)?.repeated ? "$true" : "$false"}`,
    "    }",
  ].join("\n");
}

/** The words as one text. Nested arrays would be flattened if there is only one. */
function wordsOf(completion: Completion): string {
  return quote(typeof completion === "string" ? "" : completion.join(" "));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

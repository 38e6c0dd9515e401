/**
 * The subcommands about files, this machine and shells.
 *
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { FORMAT_OPTIONS } from "../printing/records.ts";
import { WAYS } from "../ways/way_names.ts";

/** The subcommands about files, this machine and shells, in the order of the help text. */
export const MACHINE_COMMANDS = [
  {
    name: "dll",
    summary: "Show the shared sections of a DLL.",
    description: [
      "Reads a DLL or a program and shows its image sections, which of them processes share, and " +
      "the exported variables in the shared ones. It runs no code of the file.",
    ],
    arguments: [{ name: "FILE", summary: "The DLL or the program." }],
    options: [...FORMAT_OPTIONS],
    examples: [{ text: "Inspect a DLL", command: "winipc dll counter.dll" }],
    permissions: [{ flag: "--allow-read", when: "to read FILE" }],
    json: [
      { key: "machine", meaning: "x64, arm64, x86, or the number of another machine." },
      { key: "dll", meaning: "Whether the file is a DLL and not a program." },
      { key: "sections", meaning: "The image sections." },
      { key: "sections[].name", meaning: "The name, such as .shared." },
      { key: "sections[].address", meaning: "The offset from the image's base in memory." },
      { key: "sections[].byteLength", meaning: "The size in memory, in bytes." },
      { key: "sections[].access", meaning: "Letters for read, write, execute: rw-." },
      { key: "sections[].shared", meaning: "Whether all processes share its memory." },
      { key: "exports", meaning: "The exports in shared image sections." },
      { key: "exports[].name", meaning: "The name; missing if there is only an ordinal." },
      { key: "exports[].ordinal", meaning: "The ordinal." },
      { key: "exports[].address", meaning: "The offset from the image's base in memory." },
      { key: "exports[].section", meaning: "The name of the image section." },
      { key: "problems", meaning: "Faults of the file: message, offset, unsafe." },
    ],
  },
  {
    name: "bench",
    summary: "Compare the ways to share data on this machine.",
    description: [
      "Measures each way for half a second: the time of one message from end to end, and the messages " +
      "per second. P50 is the time that half of the messages took at most; P99 is that of 99 of " +
      "100. RATIO compares MESSAGES/S with the fastest way. Both ends are in one thread of this " +
      "process. So the switch to another process is not in the times; deno task compare in the " +
      "repository measures the switch.",
      "The percentiles of fast ways are those of the mean times of small groups of messages, " +
      "because a clock cannot tell shorter times.",
    ],
    arguments: [
      {
        name: "WAY",
        summary: "The ways to measure; all, if none is given.",
        optional: true,
        repeated: true,
        choices: WAYS,
      },
    ],
    options: [
      {
        name: "size",
        value: "N",
        integer: [1, 1_048_576],
        default: 64,
        summary: "The length of a message in bytes.",
      },
      ...FORMAT_OPTIONS,
    ],
    examples: [
      { text: "Compare all ways", command: "winipc bench" },
      {
        text: "Compare a ring and a pipe with 1 KiB",
        command: "winipc bench ring pipe --size 1024",
      },
    ],
    permissions: [],
    json: [
      { key: "way", meaning: "The name of the way." },
      { key: "byteLength", meaning: "The length of a message in bytes." },
      { key: "messages", meaning: "The number of messages that were measured." },
      { key: "p50", meaning: "Half of the messages took at most this time, in nanoseconds." },
      { key: "p99", meaning: "99 of 100 messages took at most this time, in nanoseconds." },
      { key: "perSecond", meaning: "The number of messages per second." },
    ],
  },
  {
    name: "doctor",
    summary: "Check this machine, and say what to do about what is missing.",
    description: [
      "Shows Deno, Windows or Wine, the permissions, the user, the rights and the memory. Then it " +
      "tries each way to share data once in this process. It ends with 1 if a way does not work " +
      "that each machine should have, and with 4 if it cannot try them without --allow-ffi.",
    ],
    arguments: [],
    options: [...FORMAT_OPTIONS],
    examples: [{ text: "Check this machine", command: "winipc doctor" }],
    permissions: [],
    json: [
      { key: "ok", meaning: "Whether all ways work that each machine should have." },
      { key: "reason", meaning: "The reason why nothing was tried; missing otherwise." },
      { key: "deno.version", meaning: "The version of Deno." },
      { key: "deno.oldest", meaning: "The oldest version that is supported." },
      { key: "system.os", meaning: "The operating system, as Deno.build.os." },
      { key: "system.arch", meaning: "The architecture, as Deno.build.arch." },
      { key: "processors", meaning: "The number of processors." },
      {
        key: "permissions",
        meaning: "Whether Deno has --allow-ffi, --allow-read, --allow-write, --allow-net.",
      },
      { key: "windows.major", meaning: "The major version of Windows; missing elsewhere." },
      { key: "windows.build", meaning: "The build of Windows." },
      { key: "windows.wine", meaning: "The version of Wine; missing on Windows." },
      { key: "memory.total", meaning: "The physical memory, in bytes." },
      { key: "memory.available", meaning: "The most that a section can have now, in bytes." },
      { key: "user.name", meaning: "The user's name." },
      { key: "user.sid", meaning: "The user's security identifier." },
      { key: "user.session", meaning: "The number of the session." },
      { key: "elevated", meaning: "Whether the process has the rights of an administrator." },
      { key: "integrity", meaning: "untrusted, low, medium, high, system, or a number." },
      { key: "privileges", meaning: "Whether the process has each privilege that matters." },
      { key: "codePage", meaning: "The code page of programs without Unicode." },
      { key: "ways", meaning: "The ways that were tried." },
      { key: "ways[].name", meaning: "The name of the way." },
      { key: "ways[].ok", meaning: "Whether it works." },
      { key: "ways[].expected", meaning: "Whether each machine should have it." },
      { key: "ways[].milliseconds", meaning: "The time that it took." },
      { key: "ways[].reason", meaning: "The reason why it does not work; missing otherwise." },
      { key: "ways[].advice", meaning: "What to do about it; missing if it works." },
    ],
  },
  {
    name: "completions",
    summary: "Print a script that completes commands in a shell.",
    description: ["Prints the script for a shell. The shell's own start file must run the script."],
    arguments: [
      { name: "SHELL", summary: "The shell.", choices: ["powershell", "bash", "zsh"] },
    ],
    options: [],
    examples: [
      {
        text: "PowerShell, in $PROFILE",
        command: "winipc completions powershell | Out-String | Invoke-Expression",
      },
      {
        text: "bash, in ~/.bashrc",
        command: 'eval "$(winipc completions bash)"',
      },
      {
        text: "zsh, in ~/.zshrc after compinit",
        command: 'eval "$(winipc completions zsh)"',
      },
    ],
    permissions: [],
  },
] as const satisfies readonly CommandSpec[];

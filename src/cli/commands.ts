/**
 * The table of subcommands. The parser, the help texts, the completions and docs/command.md are made
 * from it.
 *
 * @module
 */

import type { CommandSpec, OptionSpec } from "./command_line/command.ts";
import { ENCODINGS } from "./messages/encoding.ts";
import { INFO_KEYS, LS_KEYS } from "./objects/json_keys.ts";
import { FORMAT_OPTIONS } from "./printing/records.ts";
import { WAYS } from "./ways/way_names.ts";

/** The kinds of objects that `winipc ls` lists. */
export const KINDS = [
  "section",
  "ring",
  "broadcast",
  "latest",
  "frame",
  "event",
  "mutex",
  "semaphore",
  "pipe",
  "mailslot",
  "window",
] as const;

/** The longest time that Deno's timers can wait, in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1;

const INTERVAL = {
  name: "interval",
  value: "MS",
  integer: [10, 3_600_000],
  default: 500,
  summary: "The time between two looks, in milliseconds.",
} as const satisfies OptionSpec;

const TIMEOUT = {
  name: "timeout",
  value: "MS",
  integer: [0, MAX_TIMEOUT],
  summary: "End with code 124 after this time, in milliseconds.",
} as const satisfies OptionSpec;

const COUNT = {
  name: "count",
  value: "N",
  integer: [1, Number.MAX_SAFE_INTEGER],
  summary: "End after N records.",
} as const satisfies OptionSpec;

const ENCODING = {
  name: "encoding",
  value: "ENCODING",
  choices: ENCODINGS,
  summary: "The encoding of texts. Default: utf-16le for a window, utf-8 for other targets.",
} as const satisfies OptionSpec;

const SCHEMA = {
  name: "schema",
  value: "FILE",
  summary: "Read the layout from a JSON description or from a C header.",
} as const satisfies OptionSpec;

const STRUCT = {
  name: "struct",
  value: "STRUCT",
  summary: "The name of the struct in a C header that has several.",
} as const satisfies OptionSpec;

const AT = {
  name: "at",
  value: "N",
  integer: [0, Number.MAX_SAFE_INTEGER],
  default: 0,
  summary: "The offset of the first byte.",
} as const satisfies OptionSpec;

const LENGTH = {
  name: "length",
  value: "N",
  integer: [1, Number.MAX_SAFE_INTEGER],
  summary: "The number of bytes.",
} as const satisfies OptionSpec;

const READS_SCHEMA = { flag: "--allow-read", when: "with --schema" } as const;

/** All subcommands, in the order of the help text. */
export const COMMANDS = [
  {
    name: "ls",
    summary: "List what processes share: memory, rings, events, pipes, windows.",
    description: [
      "Lists the named objects of this session and the global ones. Of sections it shows the size " +
      "and the owner.",
      "Sections are opened for reading and closed at once, because only their first bytes tell a " +
      "ring from plain memory. No pipe, mailslot or window is opened. Of events, mutexes, " +
      "semaphores, pipes and mailslots no owner is shown: winipc would have to open the object to " +
      "read its owner. An open object keeps its name taken, and opening a pipe can disturb " +
      "its server.",
      "The events and mutexes that belong to a ring or a value are left out, unless KIND or --all " +
      "asks for them. If PATTERN matches nothing, the exit code is 3.",
    ],
    arguments: [
      {
        name: "KIND",
        summary: "List objects of one kind. A single word that is no kind is a PATTERN.",
        optional: true,
        choices: KINDS,
        open: true,
      },
      {
        name: "PATTERN",
        summary: "List objects whose name matches: * is any text, ? is one character.",
        optional: true,
      },
    ],
    options: [
      { name: "all", summary: "List also the events and mutexes that are parts of rings." },
      {
        name: "watch",
        summary: "Show what comes and goes until Ctrl-C: live, or as lines of JSON.",
      },
      INTERVAL,
      ...FORMAT_OPTIONS,
    ],
    examples: [
      { text: "List everything", command: "winipc ls" },
      { text: "List the rings whose name begins with trades", command: "winipc ls ring 'trades*'" },
    ],
    permissions: [],
    json: LS_KEYS,
  },
  {
    name: "info",
    summary: "Describe one object: size, owner, rights, peers, counters.",
    description: [
      "Describes an object by its name: its kind, size, owner and security descriptor, in words and " +
      "in SDDL. Of this library's rings and values it shows the places, the peers, the fill and " +
      "the counters. It takes no place and writes nothing.",
      "Sections, events, mutexes, semaphores and mailslots are opened for a moment. A pipe is not " +
      "opened, because its server would take winipc for a client. Windows does not tell when an " +
      "object was created, and only administrators learn which processes hold it.",
    ],
    arguments: [{
      name: "NAME",
      summary: "The object's name, or its kind and its name: ring:trades, window:CLASS/TITLE.",
    }],
    options: [...FORMAT_OPTIONS],
    examples: [{ text: "Describe a ring", command: "winipc info trades" }],
    permissions: [],
    json: INFO_KEYS,
  },
  {
    name: "dump",
    summary: "Print the bytes or the fields of shared memory.",
    description: [
      "Copies a part of a section and prints it. With a schema, the fields have names. Schemas of " +
      "well-known programs are found by the object's name.",
      "Without a schema, it prints 256 bytes in hexadecimal; --length prints more. A line that is " +
      "equal to the line before becomes *. --format raw writes all bytes up to the end.",
    ],
    arguments: [{ name: "NAME", summary: "The section's name." }],
    options: [
      AT,
      LENGTH,
      SCHEMA,
      STRUCT,
      {
        name: "format",
        value: "FORMAT",
        choices: ["table", "hex", "json", "raw"],
        summary: "How to print: fields, hexadecimal, JSON, or the bytes themselves.",
      },
    ],
    examples: [
      { text: "Print the first 64 bytes", command: "winipc dump sensors --length 64" },
      { text: "Print fields", command: "winipc dump sensors --schema sensors.json" },
    ],
    json: [
      { key: "name", meaning: "The full name of the section." },
      { key: "byteLength", meaning: "The size of the section in bytes." },
      { key: "at", meaning: "The offset of the first byte that was copied." },
      { key: "length", meaning: "The number of bytes that were copied." },
      { key: "schema", meaning: "The name of the schema; missing without one." },
      {
        key: "isWhole",
        meaning: "Whether the program wrote nothing during the copy, as far as the schema tells.",
      },
      { key: "value", meaning: "The fields: structs as objects, arrays as arrays." },
      { key: "bytes", meaning: "The bytes in base64, instead of value if there is no schema." },
    ],
    permissions: [READS_SCHEMA],
  },
  {
    name: "watch",
    summary: "Show the fields of shared memory as they change.",
    description: [
      "Shows the memory again and again until Ctrl-C, with the changes highlighted. If the output " +
      "is no terminal, winipc prints a line of JSON with all fields, and then a line with the " +
      "changed fields for each change. --count counts the first look, too.",
      "Without a schema, winipc watches 256 bytes, or as many as --length says.",
      "It keeps the section open: the name stays taken until winipc ends.",
    ],
    arguments: [{ name: "NAME", summary: "The section's name." }],
    options: [
      AT,
      LENGTH,
      SCHEMA,
      STRUCT,
      INTERVAL,
      { ...COUNT, summary: "End after N changes." },
      TIMEOUT,
    ],
    examples: [{ text: "Watch MumbleLink", command: "winipc watch MumbleLink --interval 100" }],
    json: [
      { key: "time", meaning: "When winipc looked: ISO 8601, UTC." },
      { key: "fields", meaning: "The values of the changed fields, by their paths." },
      {
        key: "gone",
        meaning: "The paths of the fields that are no longer there, if there are any.",
      },
      { key: "changes", meaning: "Without a schema: the changed bytes, instead of fields." },
      { key: "changes[].at", meaning: "The offset of the first byte." },
      { key: "changes[].bytes", meaning: "The bytes in base64." },
      { key: "isWhole", meaning: "false, if the program wrote during the copy." },
      { key: "error", meaning: "Instead of the other keys: why the memory cannot be read now." },
    ],
    permissions: [READS_SCHEMA],
  },
  {
    name: "top",
    summary: "Show all rings live: messages, bytes, fill, waits, peers.",
    description: [
      "Shows the rings, broadcast rings, latest values and latest frames of this library, the " +
      "busiest first, until Ctrl-C. If the output is no terminal, winipc prints a line of JSON for " +
      "each of them and each interval.",
      "MSG/S and BYTES/S are the messages and the bytes of a second. FILL is the used part of a " +
      "ring. WAITS is the number of ends that sleep until something comes. PEERS are the ends, with " +
      "the ids of their processes. PEERS counts only readers that have waited at least once.",
      "The rates come from counters in the memory; no message is read. A ring counts a message when " +
      "its receiver gives the room back. The bytes of rings include the headers of the records; frames " +
      "count with the length of the newest frame. Only rings have a fill: other senders overwrite.",
      "Each look opens the sections for reading and closes them at once, so no name stays taken.",
    ],
    arguments: [
      {
        name: "PATTERN",
        summary: "Show rings whose name matches: * is any text, ? is one character.",
        optional: true,
      },
    ],
    options: [
      INTERVAL,
      { ...COUNT, summary: "End after N intervals." },
      ...FORMAT_OPTIONS,
    ],
    examples: [{ text: "Show all rings every second", command: "winipc top --interval 1000" }],
    permissions: [],
    json: [
      { key: "time", meaning: "When winipc looked: ISO 8601, UTC." },
      { key: "name", meaning: "The object's name." },
      { key: "kind", meaning: "ring, broadcast, latest or frame." },
      {
        key: "messagesPerSecond",
        meaning: "The rate of messages; missing if another object had the name at the last look.",
      },
      { key: "bytesPerSecond", meaning: "The rate of bytes; missing if messagesPerSecond is." },
      { key: "used", meaning: "The bytes in a ring that the receiver has not given back." },
      { key: "capacity", meaning: "The capacity of a ring or a broadcast ring in bytes." },
      { key: "waiting", meaning: "The number of ends that sleep until something comes." },
      {
        key: "readers",
        meaning: "The number of readers that have waited; missing for a ring.",
      },
      {
        key: "places",
        meaning: "The ends: role, state (free, alive, closed, dead, hidden), process, thread.",
      },
      { key: "problem", meaning: "Why the memory cannot be used; missing if it can." },
    ],
  },
  {
    name: "tail",
    summary: "Print the messages of a broadcast ring, or the changes of a latest value.",
    description: [
      "Joins a broadcast ring as one more reader, or reads a latest value or a latest frame, and " +
      "prints each message until Ctrl-C or until the sender is closed. The other readers lose nothing. " +
      "Missed messages are counted on the standard error.",
      "Without --as, a message with a layout is a struct. Another message is a text if it is valid " +
      "UTF-8 without NULs and the like, or else a value of sendValue(), or else hexadecimal bytes. " +
      "One NUL after a text is left out. " +
      "Of a latest frame, the number, the length and the metadata are printed. winipc takes a reader's " +
      "place of a latest frame.",
    ],
    arguments: [{
      name: "NAME",
      summary: "The name of the broadcast ring, latest value or latest frame.",
    }],
    options: [
      {
        name: "as",
        value: "FORMAT",
        choices: ["text", "json", "value", "hex", "struct"],
        summary: "What the messages are.",
      },
      SCHEMA,
      STRUCT,
      COUNT,
      TIMEOUT,
      ...FORMAT_OPTIONS,
    ],
    examples: [{ text: "Print log lines", command: "winipc tail log --as text" }],
    permissions: [READS_SCHEMA],
    json: [
      { key: "time", meaning: "When winipc read the message: ISO 8601, UTC." },
      { key: "missed", meaning: "The number of messages before it that winipc missed." },
      { key: "length", meaning: "The length of the message in bytes." },
      {
        key: "as",
        meaning: "What data is: text, json, value, hex or struct; missing for a frame.",
      },
      {
        key: "data",
        meaning: "The text, the JSON, the value, hexadecimal digits, or the struct's fields.",
      },
      { key: "number", meaning: "The number of a frame; missing for other messages." },
      { key: "metadata", meaning: "The metadata of a frame; null if it has none." },
    ],
  },
  {
    name: "send",
    summary: "Send one message, or each line of the standard input.",
    description: [
      "Sends to a target: ring:NAME, broadcast:NAME, pipe:NAME, mailslot:NAME, " +
      "window:CLASS or window:CLASS/TITLE, event:NAME.",
      "Without DATA or with -, it sends each line of the standard input as soon as it arrives. " +
      "Lines in a pipe of bytes keep their line breaks.",
      "winipc takes a sender's place of a ring or of a broadcast ring, and leaves it at the end. " +
      "The receivers then get the end, as when any other sender closes. If a ring's receiver or a " +
      "pipe's server ends first, winipc ends with code 1, also while it waits for the input.",
      "winipc does not check which user owns a pipe, and does not print what the pipe's server " +
      "answers. A window's answers are printed. If a window answers 0, winipc ends with code 1.",
    ],
    arguments: [
      { name: "TARGET", summary: "The kind and the name of the receiver." },
      {
        name: "DATA",
        summary: "The data to send. Without --as, a text.",
        optional: true,
        empty: true,
      },
    ],
    options: [
      {
        name: "as",
        value: "FORMAT",
        choices: ["text", "json", "hex", "raw"],
        default: "text",
        summary: "What DATA is: a text, JSON (for a ring: a value), hexadecimal bytes, or the " +
          "whole standard input as one message.",
      },
      ENCODING,
      {
        name: "data-id",
        value: "N",
        integer: [0, Number.MAX_SAFE_INTEGER],
        default: 0,
        summary: "The number dwData of a WM_COPYDATA.",
      },
      {
        ...TIMEOUT,
        summary: "End with code 124 if there is no room, no free pipe or no answer within this " +
          "time, in milliseconds.",
      },
    ],
    examples: [
      { text: "Send a text to a window", command: "winipc send window:MyClass 'hello'" },
      { text: "Send a value to a ring", command: `winipc send ring:jobs --as json '{"id":7}'` },
      { text: "Send data that begins with a dash", command: "winipc send pipe:log -- -5" },
      { text: "Set an event", command: "winipc send event:stop" },
    ],
    permissions: [],
  },
  {
    name: "listen",
    summary: "Receive messages and print them.",
    description: [
      "Receives from a target until Ctrl-C. The targets are those of winipc send. A ring, a " +
      "broadcast ring or an event must exist. winipc joins a broadcast ring as one more reader. It " +
      "creates a pipe, a mailslot or a window; the name must be free.",
      "A ring, a mailslot and an auto-reset event have one receiver: what winipc takes, another " +
      "program does not get. So winipc takes from those only with --take.",
      "A message that is not what --as says is printed as hexadecimal bytes. Without --as, a message " +
      "is a text if the bytes are one without NULs and the like, or else a value of sendValue(), or " +
      "else hexadecimal bytes. One NUL after a text is left out.",
    ],
    arguments: [{ name: "TARGET", summary: "The kind and the name of the object to listen on." }],
    options: [
      { name: "take", summary: "Take messages that another receiver may wait for." },
      {
        name: "as",
        value: "FORMAT",
        choices: ["text", "json", "value", "hex", "raw"],
        summary: "What the messages are: raw prints the bytes as they are.",
      },
      ENCODING,
      {
        name: "messages",
        summary: "Create a pipe of messages. Without it, the clients of a pipe send lines.",
      },
      COUNT,
      TIMEOUT,
      ...FORMAT_OPTIONS,
    ],
    examples: [
      { text: "Print one line of a pipe", command: "winipc listen pipe:log --count 1" },
      { text: "Take the values of a ring", command: "winipc listen ring:jobs --take --as value" },
    ],
    json: [
      { key: "time", meaning: "When winipc received the message: ISO 8601, UTC." },
      { key: "from", meaning: "The sender's process id, for pipes and windows, where known." },
      { key: "id", meaning: "The number dwData of a WM_COPYDATA." },
      { key: "sender", meaning: "The window that a WM_COPYDATA names as its sender, if any." },
      { key: "missed", meaning: "Messages of a broadcast ring missed before this one, if any." },
      { key: "length", meaning: "The length of the message in bytes; missing for an event." },
      { key: "as", meaning: "The form of data: text, json, value or hex." },
      { key: "data", meaning: "A text, a value, or hexadecimal digits." },
    ],
    permissions: [],
  },
  {
    name: "record",
    summary: "Record a broadcast ring or a latest value to a file.",
    description: [
      "Writes each message with its time to a file, until Ctrl-C or until the sender is closed. Of a " +
      "latest value or a latest frame, it writes each change that it sees.",
      "The file also has the settings and the layout, so that winipc replay can create the same " +
      "object. If winipc is killed, the file has all messages but those of the last moment. " +
      "docs/recordings.md describes the format.",
    ],
    arguments: [
      { name: "NAME", summary: "The name of the broadcast ring, latest value or latest frame." },
      { name: "FILE", summary: "The file to write." },
    ],
    options: [
      { name: "force", summary: "Overwrite the file if it exists." },
      COUNT,
      TIMEOUT,
    ],
    examples: [{ text: "Record a minute", command: "winipc record log log.rec --timeout 60000" }],
    permissions: [{ flag: "--allow-write", when: "to write FILE" }],
  },
  {
    name: "replay",
    summary: "Send the messages of a recording again.",
    description: [
      "Creates the broadcast ring, the latest value or the latest frame of the recording under NAME, " +
      "and sends the messages at the times of the recording. It begins at once, or with --wait as " +
      "soon as a reader waits for a message.",
      "No sender waits for readers: at a high speed, slow readers miss messages.",
    ],
    arguments: [
      { name: "FILE", summary: "The file that winipc record wrote." },
      { name: "NAME", summary: "The name of the new broadcast ring or latest value." },
    ],
    options: [
      {
        name: "speed",
        value: "N",
        number: [0, 1_000_000],
        default: 1,
        summary: "Send N times as fast; 0 means without waiting.",
      },
      { name: "wait", summary: "Wait for the first reader before the first message." },
    ],
    examples: [
      { text: "Replay at double speed", command: "winipc replay log.rec log --speed 2" },
      {
        text: "Replay for a reader that starts later",
        command: "winipc replay log.rec log --wait",
      },
    ],
    permissions: [{ flag: "--allow-read", when: "to read FILE" }],
  },
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
      { key: "permissions", meaning: "Whether Deno has --allow-ffi, --allow-read, --allow-write." },
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

/** The name of a subcommand. */
export type CommandName = typeof COMMANDS[number]["name"];

/** The entry of a subcommand in the table. */
export type SpecOf<Name extends CommandName> = Extract<typeof COMMANDS[number], { name: Name }>;

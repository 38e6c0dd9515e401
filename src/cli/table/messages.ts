/**
 * The subcommands about messages.
 *
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { FORMAT_OPTIONS } from "../printing/records.ts";
import { COUNT, ENCODING, READS_SCHEMA, SCHEMA, STRUCT, TIMEOUT } from "./options.ts";

/** The subcommands about messages, in the order of the help text. */
export const MESSAGE_COMMANDS = [
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
] as const satisfies readonly CommandSpec[];

/**
 * The subcommands that look at memory.
 *
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { FORMAT_OPTIONS } from "../printing/records.ts";
import { AT, COUNT, INTERVAL, LENGTH, READS_SCHEMA, SCHEMA, STRUCT, TIMEOUT } from "./options.ts";

/** The subcommands that look at memory, in the order of the help text. */
export const MEMORY_COMMANDS = [
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
] as const satisfies readonly CommandSpec[];

/**
 * The subcommands about objects of all kinds.
 *
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { FORMAT_OPTIONS } from "../printing/records.ts";
import { INFO_KEYS, LS_KEYS } from "../objects/json_keys.ts";
import { KINDS } from "../objects/kinds.ts";
import { INTERVAL } from "./options.ts";

/** The subcommands about objects of all kinds, in the order of the help text. */
export const OBJECT_COMMANDS = [
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
] as const satisfies readonly CommandSpec[];

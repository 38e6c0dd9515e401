/**
 * The table of subcommands. The parser, the help texts, the completions and docs/command.md are made
 * from it.
 *
 * @module
 */

import { BRIDGE_COMMANDS } from "./table/bridge.ts";
import { MACHINE_COMMANDS } from "./table/machine.ts";
import { MEMORY_COMMANDS } from "./table/memory.ts";
import { MESSAGE_COMMANDS } from "./table/messages.ts";
import { OBJECT_COMMANDS } from "./table/objects.ts";

/** All subcommands, in the order of the help text. */
export const COMMANDS = [
  ...OBJECT_COMMANDS,
  ...MEMORY_COMMANDS,
  ...MESSAGE_COMMANDS,
  ...BRIDGE_COMMANDS,
  ...MACHINE_COMMANDS,
] as const;

/** The name of a subcommand. */
export type CommandName = typeof COMMANDS[number]["name"];

/** The entry of a subcommand in the table. */
export type SpecOf<Name extends CommandName> = Extract<typeof COMMANDS[number], { name: Name }>;

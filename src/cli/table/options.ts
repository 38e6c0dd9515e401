/**
 * The options that several subcommands have.
 *
 * @module
 */

import type { OptionSpec } from "../command_line/command.ts";
import { ENCODINGS } from "../messages/encoding.ts";

/** The longest time that Deno's timers can wait, in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** The interval of live pictures. */
export const INTERVAL = {
  name: "interval",
  value: "MS",
  integer: [10, 3_600_000],
  default: 500,
  summary: "The time between two looks, in milliseconds.",
} as const satisfies OptionSpec;

/** The time limit of a subcommand. */
export const TIMEOUT = {
  name: "timeout",
  value: "MS",
  integer: [0, MAX_TIMEOUT],
  summary: "End with code 124 after this time, in milliseconds.",
} as const satisfies OptionSpec;

/** The number of records. */
export const COUNT = {
  name: "count",
  value: "N",
  integer: [1, Number.MAX_SAFE_INTEGER],
  summary: "End after N records.",
} as const satisfies OptionSpec;

/** The encoding of texts. */
export const ENCODING = {
  name: "encoding",
  value: "ENCODING",
  choices: ENCODINGS,
  summary: "The encoding of texts. Default: utf-16le for a window, utf-8 for other targets.",
} as const satisfies OptionSpec;

/** The file of a layout. */
export const SCHEMA = {
  name: "schema",
  value: "FILE",
  summary: "Read the layout from a JSON description or from a C header.",
} as const satisfies OptionSpec;

/** The struct of a C header. */
export const STRUCT = {
  name: "struct",
  value: "STRUCT",
  summary: "The name of the struct in a C header that has several.",
} as const satisfies OptionSpec;

/** The beginning of a part of memory. */
export const AT = {
  name: "at",
  value: "N",
  integer: [0, Number.MAX_SAFE_INTEGER],
  default: 0,
  summary: "The offset of the first byte.",
} as const satisfies OptionSpec;

/** The length of a part of memory. */
export const LENGTH = {
  name: "length",
  value: "N",
  integer: [1, Number.MAX_SAFE_INTEGER],
  summary: "The number of bytes.",
} as const satisfies OptionSpec;

/** The permission for `--schema`. */
export const READS_SCHEMA = { flag: "--allow-read", when: "with --schema" } as const;

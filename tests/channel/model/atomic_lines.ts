/**
 * Finds the lines of the library that make `Atomics` accesses.
 *
 * @module
 */

import { type AccessSite, textOf } from "./access_site.ts";

const ROOT = new URL("../../../", import.meta.url);
/** The files whose accesses the scenarios about the memory order are for. */
const FILES = [
  "channel/broadcast/layout.ts",
  "channel/broadcast/receiver.ts",
  "channel/broadcast/sender.ts",
  "channel/frame/latest.ts",
  "channel/frame/layout.ts",
  "channel/frame/reader.ts",
  "channel/latest/layout.ts",
  "channel/latest/reader.ts",
  "channel/latest/value.ts",
  "channel/peer/memory.ts",
  "channel/peer/place.ts",
  "channel/peer/wake.ts",
  "channel/ring/many/shared_writer.ts",
  "channel/ring/reader.ts",
  "channel/ring/writer.ts",
  "sync/shared_lock/read_write_lock.ts",
  "sync/shared_lock/word.ts",
];
/** A call that accesses memory, and not in a comment. */
const ACCESS = /^(?!\*|\/\/).*\bAtomics\.(?!pause)\w+\(/;

/** Returns the lines of the library that make `Atomics` accesses. Equal lines are there once. */
export function atomicLines(): AccessSite[] {
  const lines = new Set<AccessSite>();
  for (const file of FILES) {
    const { length } = Deno.readTextFileSync(new URL(`src/${file}`, ROOT)).split("\n");
    for (let line = 1; line <= length; line++) {
      const text = textOf(`src/${file}`, line);
      if (ACCESS.test(text)) lines.add(`${file}: ${text}`);
    }
  }
  return [...lines];
}

/**
 * The kinds of objects in words.
 *
 * @module
 */

import type { Kind } from "./object.ts";

/** The noun of each kind for messages, and its plural. */
export const NOUNS: { readonly [K in Kind]: { readonly noun: string; readonly plural: string } } = {
  section: { noun: "section", plural: "sections" },
  ring: { noun: "ring", plural: "rings" },
  broadcast: { noun: "broadcast ring", plural: "broadcast rings" },
  latest: { noun: "latest value", plural: "latest values" },
  frame: { noun: "latest frame", plural: "latest frames" },
  event: { noun: "event", plural: "events" },
  mutex: { noun: "mutex", plural: "mutexes" },
  semaphore: { noun: "semaphore", plural: "semaphores" },
  pipe: { noun: "pipe", plural: "pipes" },
  mailslot: { noun: "mailslot", plural: "mailslots" },
  window: { noun: "window", plural: "windows" },
};

/** Returns the noun of a kind with its article: `an event`. */
export function aNoun(kind: Kind): string {
  return `${kind === "event" ? "an" : "a"} ${NOUNS[kind].noun}`;
}

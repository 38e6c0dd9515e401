/**
 * Finds out which events and mutexes are parts of rings and values.
 *
 * A ring NAME has the events NAME.data and NAME.space. A latest value or a latest frame has the
 * mutex NAME.writer and the readers' events NAME.reader.N. The readers' events of a broadcast ring
 * have names of their own, which its memory tells.
 *
 * @module
 */

import type { ListedObject } from "./object.ts";
import type { RawObject } from "./raw.ts";

const SUFFIX = /^(.+)\.(data|space|writer|reader\.\d{1,2})$/s;

/** The kinds of objects that have a part with a suffix. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  data: ["ring"],
  space: ["ring"],
  writer: ["latest", "frame"],
  reader: ["latest", "frame"],
};

/** Returns the full name of the object that an event or a mutex could be a part of. */
export function possibleParent({ kind, full }: RawObject): string | undefined {
  const [, parent, suffix] = SUFFIX.exec(full) ?? [];
  if (suffix === undefined) return undefined;
  const isOfKind = kind === (suffix === "writer" ? "mutex" : "event");
  return isOfKind ? parent : undefined;
}

/** Finds the rings and values that events and mutexes belong to. */
export class Parents {
  readonly #byName = new Map<string, ListedObject>();

  /** Adds a section by its full name. */
  add(full: string, object: ListedObject): void {
    this.#byName.set(full, object);
    const { channel } = object;
    if (channel?.kind === "broadcast") this.#byName.set(channel.wakeEvents, object);
  }

  /** Returns the shown name of the ring or value that an object is a part of. */
  parentOf(raw: RawObject): string | undefined {
    const full = possibleParent(raw);
    const parent = full === undefined ? undefined : this.#byName.get(full);
    if (full === undefined || parent?.channel === undefined) return undefined;
    const { kind } = parent.channel;
    if (kind === "broadcast") return parent.channel.wakeEvents === full ? parent.name : undefined;
    const suffix = raw.full.slice(full.length + 1).split(".")[0]!;
    return OWNERS[suffix]?.includes(kind) ? parent.name : undefined;
  }
}

/**
 * Watches a listing: which objects come and go.
 *
 * @module
 */

import { bold, green, red } from "@std/fmt/colors";
import { toJson } from "../printing/json.ts";
import { LivePicture } from "../printing/live.ts";
import type { Output } from "../printing/output.ts";
import type { Lister } from "./listing.ts";
import { type ListedObject, recordOf } from "./object.ts";
import { listingLines } from "./text.ts";

/** Options of {@linkcode watchObjects}. */
export interface WatchOptions {
  /** The time between two looks in milliseconds. */
  readonly interval: number;
  /** Whether a list is drawn again and again; otherwise changes are printed as JSON. */
  readonly isLive: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Returns whether an object is listed. */
  readonly isShown: (object: ListedObject) => boolean;
}

/** The time for which a change stays highlighted, in milliseconds. */
const HIGHLIGHT = 5000;

/** An object that came or went, and when. */
interface Change {
  readonly event: "created" | "closed";
  readonly object: ListedObject;
  readonly at: number;
}

/**
 * Shows a live list, or prints a line of JSON for each object that comes or goes. It ends only when
 * the signal aborts.
 */
export async function watchObjects(lister: Lister, watch: WatchOptions): Promise<never> {
  const { output, signal, interval, isLive, isShown } = watch;
  const picture = isLive ? new LivePicture(output) : undefined;
  let known: Map<string, ListedObject> | undefined;
  let recent: Change[] = [];
  for (let round = 0;; round++) {
    const { objects, notes } = await lister.list({ signal });
    if (round === 0) { for (const note of notes) output.note(note); }
    const now = performance.now();
    const found = new Map(objects.filter(isShown).map((object) => [keyOf(object), object]));
    const changes = known === undefined ? [] : changesBetween(known, found, now);
    known = found;
    if (picture === undefined) {
      if (round === 0) output.note("Watching; Ctrl-C ends it");
      for (const { event, object } of changes) output.line(toJson({ event, ...recordOf(object) }));
    } else {
      const isRecent = ({ at, object }: Change) =>
        now - at < HIGHLIGHT && !changes.some((change) => keyOf(change.object) === keyOf(object));
      recent = [...changes, ...recent.filter(isRecent)];
      picture.draw(pictureLines(found, recent));
    }
    output.flush();
    await sleep(interval, signal);
  }
}

/** Objects can have the same name if their kinds differ, and windows also of one kind. */
function keyOf({ kind, name, window }: ListedObject): string {
  return `${kind}\0${name}\0${window?.handle ?? ""}`;
}

function changesBetween(
  before: ReadonlyMap<string, ListedObject>,
  after: ReadonlyMap<string, ListedObject>,
  at: number,
): Change[] {
  const without = (list: typeof before, other: typeof before, event: Change["event"]) =>
    [...list].filter(([key]) => !other.has(key)).map(([, object]) => ({ event, object, at }));
  return [...without(after, before, "created"), ...without(before, after, "closed")];
}

/** The changes stand first, because a long list does not fit on the terminal. */
function pictureLines(
  found: ReadonlyMap<string, ListedObject>,
  recent: readonly Change[],
): string[] {
  const isRecent = new Set(recent.map(({ object }) => keyOf(object)));
  const rest = [...found].filter(([key]) => !isRecent.has(key)).map(([, object]) => object);
  const [headings, ...lines] = listingLines([...recent.map(({ object }) => object), ...rest]);
  const coloured = lines.map((line, index) => {
    const change = recent[index];
    if (change === undefined) return `  ${line}`;
    return change.event === "created" ? green(`+ ${line}`) : red(`- ${line}`);
  });
  return [
    bold(`${found.size} objects; Ctrl-C ends it`),
    `  ${headings}`,
    ...coloured,
  ];
}

/** Waits, or rejects with the reason of the signal. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}

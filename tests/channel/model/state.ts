/**
 * All that there is at a moment.
 *
 * @module
 */

import type { Node } from "./node.ts";
import { processOf } from "./run.ts";

/** All that there is at a moment. */
export interface State {
  /** The memory. */
  readonly memory: Int32Array<ArrayBuffer>;
  /** The events that are set. */
  readonly set: readonly bigint[];
  /** Which processes have a handle of which event with a name; the event is there for as long as that. */
  readonly held: readonly Held[];
  /** The processes that were ended. */
  readonly ended: readonly number[];
  /** The waits that are over and whose scripts have not been told. */
  readonly woken: readonly { part: number; wait: number; code: number }[];
  /** How often nobody did anything for long. */
  readonly longWaits: number;
  /** How far the scripts have come. */
  readonly nodes: readonly Node[];
  /** How all that came about. */
  readonly trail: Trail | undefined;
}

/** A handle that a process has of an event with a name. */
export interface Held {
  readonly event: bigint;
  readonly pid: number;
}

/** The last step on the way to a state, and those before it. */
export interface Trail {
  /** What it is. */
  readonly text: string;
  /** What came before. */
  readonly before: Trail | undefined;
}

/** Something that is wrong, and how it comes about. */
export class Counterexample extends Error {
  override name = "Counterexample";
}

/** The first of some handles that is signalled, and the events that are set once it was waited for. */
export function firstSignalled(
  { set, ended }: State,
  handles: readonly bigint[],
): { index: number; set: readonly bigint[] } | undefined {
  for (const [index, handle] of handles.entries()) {
    const pid = processOf(handle);
    if (pid !== undefined && ended.includes(pid)) return { index, set };
    if (set.includes(handle)) return { index, set: set.filter((other) => other !== handle) };
  }
}

/** Some events, and one more. */
export function withHandle(set: readonly bigint[], handle: bigint): readonly bigint[] {
  return set.includes(handle) ? set : [...set, handle].sort();
}

/** What changes when a process takes a handle of an event with a name. */
export function taking({ held }: State, taken: Held): Pick<State, "held"> {
  return { held: [...held, taken].sort((one, other) => orderOf(one) - orderOf(other)) };
}

/** What changes when handles of events with names are closed: an event without one is gone. */
export function closing(
  { set, held }: State,
  isClosed: (held: Held) => boolean,
): Pick<State, "set" | "held"> {
  const left = held.filter((one) => !isClosed(one));
  const gone = held.filter(({ event }) => !left.some((one) => one.event === event));
  return { held: left, set: set.filter((event) => !gone.some((one) => one.event === event)) };
}

function orderOf({ event, pid }: Held): number {
  return Number(event) * 100 + pid;
}

/** What tells one state from others. */
export function keyOfState({ memory, set, held, ended, woken, longWaits, nodes }: State): string {
  const done = woken.map(({ part, wait, code }) => `${part}.${wait}.${code}`).sort();
  const ids = nodes.map(({ id }, part) => ended.includes(part + 1) ? 0 : id);
  const handles = held.map(orderOf);
  return [keyOfMemory(memory), set, handles, ended, done, longWaits, ids].join(";");
}

/** Most steps only read, and leave the very same memory. */
const keysOfMemories = new WeakMap<Int32Array, string>();

function keyOfMemory(memory: Int32Array<ArrayBuffer>): string {
  let key = keysOfMemories.get(memory);
  if (key === undefined) {
    const words: string[] = [];
    for (let index = 0; index < memory.length; index++) {
      if (memory[index] !== 0) words.push(`${index}:${memory[index]}`);
    }
    keysOfMemories.set(memory, key = words.join());
  }
  return key;
}

/** A counterexample, with the way to it. */
export function counterexample(what: string, state: State, cause?: unknown): Counterexample {
  const steps: string[] = [];
  for (let trail = state.trail; trail !== undefined; trail = trail.before) steps.push(trail.text);
  return new Counterexample(`${what}:\n${steps.reverse().join("\n")}`, { cause });
}

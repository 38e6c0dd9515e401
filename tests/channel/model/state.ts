/**
 * The states of a scenario.
 *
 * @module
 */

import type { ModelMemory } from "./memory.ts";
import type { Node } from "./node.ts";
import { processOf } from "./run.ts";

/** The whole state of a scenario at a moment. */
export interface State {
  /** The memory. */
  readonly memory: ModelMemory;
  /** The events that are set. */
  readonly set: readonly bigint[];
  /** The open handles of named events. An event exists as long as one of its handles is open. */
  readonly held: readonly Held[];
  /** The ids of the processes that were killed. */
  readonly ended: readonly number[];
  /** The waits that are over and whose scripts have not yet received the result. */
  readonly woken: readonly { part: number; wait: number; code: number }[];
  /** The number of long timeouts that have ended. */
  readonly longWaits: number;
  /** The script that goes on before all others, because its last step was quiet. */
  readonly running: number | undefined;
  /** The progress of each script. */
  readonly nodes: readonly Node[];
  /** The steps that led to this state. */
  readonly trail: Trail | undefined;
}

/** An open handle of a named event in a process. */
export interface Held {
  readonly event: bigint;
  readonly pid: number;
}

/** A step on the way to a state, and the steps before it. */
export interface Trail {
  /** The text of the step. */
  readonly text: string;
  /** The steps before this one. */
  readonly before: Trail | undefined;
}

/** A wrong state, with the steps that led to it. */
export class Counterexample extends Error {
  override name = "Counterexample";
}

/** Returns the first handle that is signalled, and the events that are still set after the wait. */
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

/** Returns events with one event added. */
export function withHandle(set: readonly bigint[], handle: bigint): readonly bigint[] {
  return set.includes(handle) ? set : [...set, handle].sort();
}

/** Returns the change of a state when a process opens a handle of a named event. */
export function taking({ held }: State, taken: Held): Pick<State, "held"> {
  return { held: [...held, taken].sort((one, other) => orderOf(one) - orderOf(other)) };
}

/** Returns the change of a state when handles are closed. An event without a handle is gone. */
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

/** Returns a key that is different for different states. */
export function keyOfState(
  { memory, set, held, ended, woken, longWaits, running, nodes }: State,
): string {
  const done = woken.map(({ part, wait, code }) => `${part}.${wait}.${code}`).sort();
  const ids = nodes.map(({ id }, part) => ended.includes(part + 1) ? 0 : id);
  const handles = held.map(orderOf);
  return [memory.key, set, handles, ended, done, longWaits, running, ids].join(";");
}

/** Returns a counterexample with the steps that led to a state. */
export function counterexample(what: string, state: State, cause?: unknown): Counterexample {
  const steps: string[] = [];
  for (let trail = state.trail; trail !== undefined; trail = trail.before) steps.push(trail.text);
  return new Counterexample(`${what}:\n${steps.reverse().join("\n")}`, { cause });
}

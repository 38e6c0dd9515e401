/**
 * Goes through all orders in which the steps of some processes can come.
 *
 * @module
 */

import { HEADER_LENGTH, type RingSettings } from "../../../src/channel/ring_header.ts";
import type { EndOptions } from "../../../src/channel/ring_sender.ts";
import { FIRST_PID, Machine } from "./machine.ts";
import { Races } from "./races.ts";
import { Run, type Step, TIME, type Value } from "./run.ts";

/** What a process of a scenario tells. */
export interface Tell {
  /** Something that it has done. */
  readonly note: (what: string) => void;
  /** That it is prepared: what comes before happens in the order of the processes. */
  readonly prepared: () => void;
}

/** A process of a scenario. */
export interface Process {
  /** What it does. */
  readonly body: (options: EndOptions, tell: Tell) => void | Promise<void>;
  /** Whether it can be killed, at any moment. */
  readonly mortal?: boolean;
  /** Whether it tells when it is prepared, and others begin then. */
  readonly prepares?: boolean;
  /** Which process has to have ended before it begins. */
  readonly after?: number;
}

/** Processes that share a ring. */
export interface Scenario {
  readonly settings: RingSettings;
  readonly processes: readonly Process[];
  /** How often a wait may end because its time is over. */
  readonly timeouts?: number;
  /** Whether a process may wait for ever; if this says nothing, none may. */
  readonly mayWait?: (process: number, header: Int32Array) => boolean;
  /** Is called for each way in which all have ended, with what they said; throws if that is wrong. */
  readonly check: (notes: readonly (readonly string[])[], wasKilled: boolean) => void;
}

/** How far a process has come. */
interface Progress {
  /** What its steps gave; the number stands for all of them. */
  readonly history: readonly Value[];
  readonly number: number;
  readonly next: Step | undefined;
  readonly notes: readonly string[];
}

interface State {
  readonly memory: ArrayBuffer;
  readonly memoryKey: number;
  readonly signalled: ReadonlySet<number>;
  readonly races: Races;
  readonly processes: readonly Progress[];
  readonly wasKilled: boolean;
  readonly timeouts: number;
  readonly before: State | undefined;
  readonly step: () => string;
}

/**
 * Goes through all orders of steps.
 *
 * @returns How many states there are.
 * @throws {Error} If in one of them nobody can go on and not all have ended, or something that was
 *   asserted is wrong; it tells the steps that lead there.
 */
export async function explore(scenario: Scenario): Promise<{ states: number; ends: number }> {
  const machine = new Machine(scenario.settings);
  const memory = machine.buffer.slice();
  using _ = machine.install();
  for (;;) {
    try {
      return await exploreOnce(new Explorer(scenario, machine), memory);
    } catch (error) {
      if (!(error instanceof FoundCommon)) throw error;
    }
  }
}

async function exploreOnce(
  explorer: Explorer,
  memory: ArrayBuffer,
): Promise<{ states: number; ends: number }> {
  const open = [await explorer.begin(memory)];
  const seen = new Set<string>();
  let ends = 0;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = keyOf(state);
    if (seen.has(key)) continue;
    seen.add(key);
    const following = await explorer.follow(state);
    if (following.length === 0) {
      ends++;
      explorer.checkEnd(state);
    }
    open.push(...following);
  }
  return { states: seen.size, ends };
}

/** What all begins again with: a word that was taken to be used by one process only is not. */
class FoundCommon extends Error {}

class Explorer {
  readonly #scenario: Scenario;
  readonly #machine: Machine;
  readonly #numbers = new Numbers();

  constructor(scenario: Scenario, machine: Machine) {
    this.#scenario = scenario;
    this.#machine = machine;
  }

  async begin(memory: ArrayBuffer): Promise<State> {
    const nothing: Progress = { history: [], number: 0, next: undefined, notes: [] };
    let state: State = {
      memory,
      memoryKey: this.#numbers.ofMemory(memory),
      signalled: new Set(),
      races: new Races(this.#scenario.processes.length),
      processes: this.#scenario.processes.map(() => nothing),
      wasKilled: false,
      timeouts: this.#scenario.timeouts ?? 0,
      before: undefined,
      step: () => "",
    };
    for (const [index, { prepares }] of this.#scenario.processes.entries()) {
      let { state: begun, isPrepared } = await this.#advance(state, index);
      while (prepares && !isPrepared) {
        ({ state: begun, isPrepared } = await this.#advance(begun, index, { choice: 0 }));
      }
      state = begun;
    }
    return state;
  }

  /** All states that can follow. */
  async follow(state: State): Promise<State[]> {
    const following: State[] = [];
    for (const [index, { next }] of state.processes.entries()) {
      if (next === undefined) continue;
      const can = next.waits?.filter((object) =>
        object === TIME ? state.timeouts > 0 : state.signalled.has(object)
      ) ?? [0];
      const { mortal, after } = this.#scenario.processes[index]!;
      const canBeKilled = mortal && !state.wasKilled &&
        (after === undefined || state.processes[index]!.history.length > 0);
      if (canBeKilled) following.push(this.#kill(state, index));
      for (const choice of can) {
        const { state: after, written } = await this.#advance(state, index, { choice });
        following.push(after);
        for (let mostWritten = 0; canBeKilled && mostWritten < written; mostWritten++) {
          const { state: before } = await this.#advance(state, index, { choice, mostWritten });
          following.push(this.#kill(before, index));
        }
      }
    }
    return following;
  }

  /** Nobody can go on: have all ended, with what they should? */
  checkEnd(state: State): void {
    try {
      const header = new Int32Array(state.memory, 0, HEADER_LENGTH / 4);
      const { mayWait = () => false } = this.#scenario;
      const left = state.processes.findIndex(({ next }, index) =>
        next !== undefined && !mayWait(index, header)
      );
      if (left >= 0) throw new Error(`Process ${left} waits for ever`);
      this.#scenario.check(state.processes.map(({ notes }) => notes), state.wasKilled);
    } catch (error) {
      throw failure(state, error);
    }
  }

  /** Has a process run up to its next step, after it has taken one if it is told which. */
  async #advance(
    before: State,
    index: number,
    now: { choice?: number; mostWritten?: number } = {},
  ): Promise<{ state: State; written: number; isPrepared: boolean }> {
    const machine = this.#machine;
    new Uint32Array(machine.buffer).set(new Uint32Array(before.memory));
    machine.signalled = new Set(before.signalled);
    machine.races = new Races(before.races);
    const { history, number, next } = before.processes[index]!;
    const run = new Run(FIRST_PID + index, { history, ...now });
    run.onSignalled = machine.take;
    const { body, after, prepares } = this.#scenario.processes[index]!;
    run.isPrepared = !prepares;
    const common = machine.common.size;
    await run.go((run) => {
      if (after !== undefined) run.standStill([FIRST_PID + after], machine.take, false);
      const prepared = () => void (run.isPrepared = true);
      return body(machine.options, { note: (what) => void run.notes.push(what), prepared });
    });
    if (machine.common.size > common) throw new FoundCommon();
    if (run.next === undefined) machine.signal(FIRST_PID + index, index);
    const { taken, notes, written } = run;
    const progress: Progress = {
      history: [...history, ...taken],
      number: this.#numbers.following(number, taken),
      next: run.next,
      notes,
    };
    const isChanged = this.#isChanged(before.memory);
    const memory = isChanged ? machine.buffer.slice() : before.memory;
    const state: State = {
      ...before,
      memory,
      memoryKey: isChanged ? this.#numbers.ofMemory(memory) : before.memoryKey,
      signalled: machine.signalled,
      races: machine.races,
      processes: before.processes.with(index, progress),
      timeouts: before.timeouts - (now.choice === TIME ? 1 : 0),
      before,
      step: () => `${index} ${next?.what() ?? "begins"} -> ${taken}`,
    };
    if (run.error !== undefined) throw failure(state, run.error);
    return { state, written, isPrepared: run.isPrepared };
  }

  #kill(before: State, index: number): State {
    const { notes } = before.processes[index]!;
    const dead = { history: [], number: this.#numbers.ofNotes(notes), next: undefined, notes };
    const races = new Races(before.races);
    races.release(index, `object ${FIRST_PID + index}`, false);
    return {
      ...before,
      signalled: new Set(before.signalled).add(FIRST_PID + index),
      races,
      processes: before.processes.with(index, dead),
      wasKilled: true,
      before,
      step: () => `${index} is killed`,
    };
  }

  #isChanged(before: ArrayBuffer): boolean {
    const [now, then] = [new Uint32Array(this.#machine.buffer), new Uint32Array(before)];
    for (let index = 0; index < now.length; index++) if (now[index] !== then[index]) return true;
    return false;
  }
}

/** Numbers for what is too long to be compared again and again. */
class Numbers {
  readonly #numbers = new Map<string, number>();

  /** Of a history that goes on with a step. */
  following(number: number, values: readonly Value[]): number {
    const texts = values.map((value) => value instanceof Uint8Array ? textOf(value) : value);
    return this.#of(`${number} ${texts}`);
  }

  ofMemory(memory: ArrayBuffer): number {
    return this.#of(textOf(new Uint8Array(memory)));
  }

  ofNotes(notes: readonly string[]): number {
    return this.#of(`dead ${notes}`);
  }

  #of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#numbers.size + 1;
    this.#numbers.set(text, number);
    return number;
  }
}

const latin1 = new TextDecoder("latin1");

function textOf(bytes: Uint8Array): string {
  return latin1.decode(bytes);
}

function keyOf({ memoryKey, signalled, processes, wasKilled, timeouts }: State): string {
  const set = [...signalled].sort((one, other) => one - other);
  const far = processes.map(({ number, next }) => `${number}${next === undefined ? "." : ""}`);
  return `${memoryKey}/${set}/${far}/${wasKilled}/${timeouts}`;
}

function failure(state: State, cause: unknown): Error {
  const steps: string[] = [];
  for (let at: State | undefined = state; at !== undefined; at = at.before) steps.unshift(at.step());
  const { message } = cause instanceof Error ? cause : new Error(`${cause}`);
  return new Error(`${message}, after these steps:\n${steps.join("\n")}`, { cause });
}

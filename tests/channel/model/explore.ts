/**
 * Explores all orders of the steps of several scripts.
 *
 * The memory is sequentially consistent, as it is for `Atomics`. Plain accesses fit into this:
 * their words are read only after an atomic access has published them, or after their writer has
 * died. With the option `order: "arm"`, the memory has the order of ARM64, and shows that this is so.
 *
 * @module
 */

import { HEADER_LENGTH, WORD } from "../../../src/channel/ring/layout.ts";
import { type AccessSite, siteOf } from "./access_site.ts";
import { ArmMemory } from "./arm_memory.ts";
import { digest } from "./digest.ts";
import type { Library } from "./library.ts";
import { type ModelMemory, processObject, SequentialMemory } from "./memory.ts";
import { Node } from "./node.ts";
import {
  accessMemory,
  type Action,
  type Entry,
  letScriptsStop,
  processOf,
  Run,
  running,
} from "./run.ts";
import {
  closing,
  counterexample,
  firstSignalled,
  type Held,
  keyOfState,
  type State,
  taking,
  withHandle,
} from "./state.ts";
import { type Access, watchMemory } from "./watched_memory.ts";

/** One script of a scenario, in a process of its own. */
export interface Part {
  /** Runs the script. */
  script(library: Library, run: Run, buffer: ArrayBuffer): void | Promise<void>;
  /** The moment from which the process can be killed at any step. @default never */
  killable?: "from the start" | "from its first note";
  /** The id of a process whose end the script waits for. That process need not end. */
  after?: number;
  /**
   * Whether the other scripts wait until this script has made its first note (`true`), or sleeps.
   *
   * @default false
   */
  first?: boolean | "until it sleeps";
  /** Whether the other scripts wait each time until this script sleeps again. @default false */
  whole?: boolean;
  /**
   * Whether the script only loads, so that it can come last. On ARM64 its loads can still return old
   * values. @default false
   */
  onlyLoads?: boolean;
}

/** Scripts that share memory, and a check of their results. */
export interface Scenario {
  /** The contents of the memory at the beginning. */
  readonly memory: Int32Array<ArrayBuffer>;
  /** The scripts. The id of a script's process is its index plus 1. */
  readonly parts: readonly Part[];
  /**
   * Index of the first word whose accesses are no steps, because no script can notice when they
   * happen.
   *
   * @default the beginning of a ring
   */
  readonly body?: number;
  /**
   * Words that no script writes. Their reads are no steps, so that the number of states stays
   * small.
   *
   * @default none
   */
  readonly constant?: readonly number[];
  /** The first words of pairs that are accessed as a whole. Counts only on ARM64. @default none */
  readonly wide?: readonly number[];
  /** Words that only their writer reads. Counts only on ARM64. @default none */
  readonly unread?: readonly number[];
  /**
   * Words whose plain loads decide what the script does next. Counts only on ARM64. @default none
   */
  readonly branched?: readonly number[];
  /**
   * Maximum number of stores that later stores overtake. Counts only on ARM64. @default Infinity
   */
  readonly maxOvertaken?: number;
  /**
   * Maximum number of steps of a script. A way that is longer is not explored further, because it
   * loops. @default it is an error
   */
  readonly mostSteps?: number;
  /** Returns whether a script may wait for ever with this memory. @default never */
  mayWait?(memory: Int32Array<ArrayBuffer>): boolean;
  /** Maximum number of timeouts that end because no script can make a step. @default 4 */
  readonly mostLongWaits?: number;
  /**
   * Checks a state after which nothing can happen. Throws an error if that state is wrong.
   *
   * @param notes The notes of each script.
   * @param ended The ids of the processes that were killed.
   * @param memory The contents of the memory.
   */
  check(
    notes: readonly (readonly string[])[],
    ended: ReadonlySet<number>,
    memory: Int32Array<ArrayBuffer>,
  ): void;
}

/** Options of {@linkcode Explorer}. */
export interface ExplorerOptions {
  /** The order of the memory. @default "sequential" */
  readonly order?: "sequential" | "arm";
  /** The `Atomics` access that is a plain access instead, as a fault. @default none */
  readonly weakened?: AccessSite;
  /** Is called for each `Atomics` access to shared memory. */
  readonly onAtomic?: (site: AccessSite) => void;
}

/** The numbers of an exploration. */
export interface Found {
  /** The number of different states. */
  readonly states: number;
  /** The number of states after which nothing can happen. */
  readonly ends: number;
  /** The number of ways that were too long. */
  readonly cut: number;
}

const WAIT_TIMEOUT = 0x102;
/**
 * Maximum length in milliseconds of a short timeout. A short timeout can end at any step. A longer
 * one ends only when no script can make a step.
 */
const SHORT = 1;
/** Time that passes when a longer timeout ends, in milliseconds. */
const LONG = 1000;
/** Default maximum of long timeouts that end in a scenario. */
const MAX_LONG_WAITS = 4;

/** Maximum number of entries of a script, far more than any script needs. */
const MAX_STEPS = 1000;
/** Words that are read only after their writer has died. */
const ONLY_AFTER_AN_END: readonly number[] = [WORD.committed, WORD.consumed];

/** A step from a state to the next one: the changes of the state, and the entry for a script. */
interface Step {
  readonly text: string;
  readonly part: number;
  readonly entry?: Entry;
  readonly change?: Partial<State>;
  /** See {@linkcode MemoryStep}. */
  readonly isQuiet?: boolean | undefined;
}

/** Explores a scenario. */
export class Explorer {
  readonly #library: Library;
  readonly #scenario: Scenario;
  readonly #watched: Int32Array<ArrayBuffer>;
  readonly #hasKillable: boolean;
  readonly #options: ExplorerOptions;
  /** The node of each state in which a script was at rest, by the text of the state. */
  readonly #rested = new Map<string, Node>();

  constructor(library: Library, scenario: Scenario, options: ExplorerOptions = {}) {
    this.#library = library;
    this.#options = options;
    this.#scenario = scenario;
    this.#watched = scenario.memory.slice();
    this.#hasKillable = scenario.parts.some(({ killable }) => killable !== undefined);
  }

  /**
   * Explores all states that can be reached.
   *
   * @throws {Counterexample} If a script fails, waits for ever, or the scenario's check fails.
   */
  async explore(): Promise<Found> {
    using _memory = watchMemory(
      this.#watched.buffer,
      (access, make) => this.#access(access, make),
      { torn: this.#library.torn, splits: this.#isArm, fence: this.#isArm },
    );
    using _stops = letScriptsStop();
    const nodes: Node[] = [];
    for (let part = 0; part < this.#scenario.parts.length; part++) {
      nodes.push(await this.#run(part, new Node()));
    }
    const first = {
      set: [],
      held: [],
      ended: [],
      woken: [],
      longWaits: 0,
      trail: undefined,
      running: undefined,
    };
    const open: State[] = [await this.#goOn({ ...first, memory: this.#memory(), nodes })];
    const seen = new Set<string>();
    const { mostSteps = Infinity } = this.#scenario;
    let [ends, cut] = [0, 0];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      const { steps } = this.#stepsFrom(state);
      // A process can be killed here, but need not be.
      if (steps.every(({ text }) => text === ENDED) && !state.memory.isImpossible) {
        this.#checkEnd(state);
        ends++;
      }
      for (const step of steps) {
        const next = await this.#goOn(await this.#take(state, step));
        if (next.nodes.some(({ length }) => length > mostSteps)) {
          cut++;
          continue;
        }
        const key = keyOfState(next);
        if (seen.has(key)) continue;
        seen.add(key);
        open.push(next);
      }
    }
    return { states: seen.size, ends, cut };
  }

  get #isArm(): boolean {
    return this.#options.order === "arm";
  }

  /** Returns the memory at the beginning. */
  #memory(): ModelMemory {
    const { memory, parts, body = HEADER_LENGTH / 4 } = this.#scenario;
    const watched = this.#watched;
    if (this.#isArm) {
      return new ArmMemory({ ...this.#scenario, watched, parts: parts.length }, memory);
    }
    const isLocal = (word: number) =>
      word >= body || (!this.#hasKillable && ONLY_AFTER_AN_END.includes(word));
    return new SequentialMemory(memory, watched, isLocal);
  }

  /**
   * Runs a script up to its next action. If the script comes to rest in a state that is known, this
   * returns the known node, because the script goes on in the same way.
   */
  async #run(part: number, node: Node): Promise<Node> {
    const run = new Run(part + 1, node.entries);
    const { script } = this.#scenario.parts[part]!;
    const progress = await run.run((run) => script(this.#library, run, this.#watched.buffer));
    if (progress.rest === undefined) {
      node.progress = progress;
      return node;
    }
    const key = `${part} ${await digest(progress.rest)}`;
    let next = this.#rested.get(key);
    if (next === undefined) {
      next = await node.after({ kind: "rest" }, (node) => this.#run(part, node));
      this.#rested.set(key, next);
    }
    return next;
  }

  async #take(state: State, { text, part, entry, change, isQuiet }: Step): Promise<State> {
    const trail = { text: `${part + 1}: ${text}`, before: state.trail };
    const running = isQuiet ? part : undefined;
    const next = { ...state, ...change, trail, running };
    if (entry === undefined) return next;
    const node = await state.nodes[part]!.after(entry, (node) => this.#run(part, node));
    const { error } = node.progress;
    if (error !== undefined) throw counterexample(`Script ${part + 1} failed`, next, error);
    if (node.length > MAX_STEPS) throw counterexample(`Script ${part + 1} has no end`, next);
    const after = { ...next, nodes: state.nodes.with(part, node) };
    // The scripts that have waited for this one can go on first.
    const isSetNow = this.#isSet(after, part) && !this.#isSet(state, part);
    return isSetNow ? { ...after, running: undefined } : after;
  }

  /** Makes all steps that come next in any case, so that the states in between are not explored. */
  async #goOn(state: State): Promise<State> {
    for (let now = this.#retired(state);; now = this.#retired(now)) {
      const { steps: [only, ...others], isForced } = this.#stepsFrom(now);
      if (!isForced || only === undefined || others.length > 0) return now;
      now = await this.#take(now, only);
    }
  }

  /** Tells the memory which scripts have ended, so that it can forget what only they could see. */
  #retired(state: State): State {
    let { memory } = state;
    for (const [part, { progress: { isOver } }] of state.nodes.entries()) {
      if (isOver && memory.canCall(part)) memory = memory.end(part, false);
    }
    return memory === state.memory ? state : { ...state, memory };
  }

  /** Returns the steps that can follow a state, and whether no other step can come before them. */
  #stepsFrom(state: State): { steps: readonly Step[]; isForced: boolean } {
    const { running } = state;
    if (running !== undefined) {
      const { action } = state.nodes[running]!.progress;
      const own = action?.kind === "access" ? this.#stepsOf(state, running, action) : [];
      if (own.length > 0) return { steps: own, isForced: true };
    }
    const steps: Step[] = [];
    for (const [part, { killable, whole, onlyLoads }] of this.#scenario.parts.entries()) {
      if (state.ended.includes(part + 1)) continue;
      const isLast = steps.every(({ text }) => text === ENDED);
      if (onlyLoads && this.#isArm && !isLast && this.#isSet(state, part)) continue;
      const { action, waits, turns, notes } = state.nodes[part]!.progress;
      if (action !== undefined) {
        const own = this.#stepsOf(state, part, action);
        const isAlone = !this.#isSet(state, part) || (whole && action.kind !== "wait");
        if (this.#isOwn(part, state.memory, action) || isAlone) {
          const all = isAlone ? [...own, ...this.#memorySteps(state, part)] : own;
          return { steps: all, isForced: true };
        }
        steps.push(...own);
      }
      steps.push(...this.#memorySteps(state, part));
      for (const [wait, { handles }] of waits) {
        if (isOver(state, part, wait)) continue;
        const found = firstSignalled(state, handles);
        if (found === undefined) continue;
        const woken = [...state.woken, { part, wait, code: found.index }];
        const memory = state.memory.learn(part, objectOf(handles[found.index]!));
        const change = { set: found.set, woken, memory };
        steps.push({ text: `wait ${wait} is over`, part, change });
      }
      if (action === undefined) {
        for (const woken of state.woken) {
          if (woken.part !== part) continue;
          const entry = { kind: "woken", wait: woken.wait, code: woken.code } as const;
          const change = { woken: state.woken.filter((other) => other !== woken) };
          steps.push({ text: `hears of wait ${woken.wait}`, part, entry, change });
        }
        if (turns > 0) steps.push({ text: "a turn", part, entry: { kind: "turn" } });
      }
      if (killable === "from the start" || (killable && notes.length > 0)) {
        steps.push(endOf(state, part));
      }
    }
    const isQuiet = steps.every(({ text }) => text === ENDED);
    const longWaits = isQuiet ? this.#longWaitsIn(state) : [];
    return { steps: [...steps, ...longWaits], isForced: false };
  }

  /** Returns whether a script has come so far that the other scripts need not wait for it. */
  #isSet({ nodes }: State, part: number): boolean {
    const { notes, hasSlept } = nodes[part]!.progress;
    const { first } = this.#scenario.parts[part]!;
    return first === "until it sleeps" ? hasSlept : first !== true || notes.length > 0;
  }

  #stepsOf(state: State, part: number, action: Action): Step[] {
    const done = (text: string, value: unknown, change: Partial<State> = {}): Step => {
      return { text, part, entry: { kind: "done", value }, change };
    };
    const { memory } = state;
    if (action.kind !== "access" && action.kind !== "time" && !memory.canCall(part)) return [];
    switch (action.kind) {
      case "time":
        return [done("time", state.longWaits * LONG)];
      case "ask": {
        const { pid } = action;
        const hasEnded = state.ended.includes(pid);
        const learned = hasEnded ? memory.learn(part, processObject(pid)) : memory;
        return [done(`ask for ${pid}`, hasEnded, { memory: learned })];
      }
      case "set": {
        const { event } = action;
        const change = {
          set: withHandle(state.set, event),
          memory: memory.give(part, objectOf(event)),
        };
        return [done(`set ${event}`, 1, change)];
      }
      case "event": {
        const { how, event } = action;
        const held = { event, pid: part + 1 };
        const isThere = state.held.some((one) => one.event === event);
        const text = `${how} ${event}`;
        // The directory of all names has a lock.
        const passed = { memory: memory.learn(part, NAMES).give(part, NAMES) };
        if (how === "close") {
          const isClosed = (one: Held) => one.event === event && one.pid === held.pid;
          return [done(text, true, { ...closing(state, isClosed), ...passed })];
        }
        if (isThere !== (how === "open")) return [done(`${text} in vain`, false, passed)];
        return [done(text, true, { ...taking(state, held), ...passed })];
      }
      case "wait": {
        const steps: Step[] = [];
        const found = firstSignalled(state, action.handles);
        if (found) {
          const learned = memory.learn(part, objectOf(action.handles[found.index]!));
          steps.push(done("is woken", found.index, { set: found.set, memory: learned }));
        }
        if (action.timeout <= SHORT) steps.push(done("is not woken soon", WAIT_TIMEOUT));
        return steps;
      }
      case "access":
        try {
          return memory.access(part, action.access, action.make)
            .map(({ text, value, memory, isQuiet }) => ({
              ...done(text, value, { memory }),
              isQuiet,
            }));
        } catch (error) {
          throw counterexample("The memory refuses an access", state, error);
        }
    }
  }

  /** Returns the steps that the memory makes by itself for a script. */
  #memorySteps(state: State, part: number): Step[] {
    try {
      return state.memory.ownSteps(part).map(({ text, memory }) => ({
        text,
        part,
        change: { memory },
      }));
    } catch (error) {
      throw counterexample("The memory refuses a store", state, error);
    }
  }

  /** Returns whether no other script can notice when an action happens. */
  #isOwn(part: number, memory: ModelMemory, action: Action): boolean {
    if (action.kind === "time") return true;
    return action.kind === "access" && memory.isLocal(part, action.access);
  }

  /** Returns the long timeouts that can end, because no script can make a step. */
  #longWaitsIn(state: State): Step[] {
    const { mostLongWaits = MAX_LONG_WAITS } = this.#scenario;
    if (state.ended.length === 0 || state.longWaits >= mostLongWaits) return [];
    const longWaits = state.longWaits + 1;
    const steps: Step[] = [];
    for (const [part, { progress: { action, waits } }] of state.nodes.entries()) {
      if (state.ended.includes(part + 1)) continue;
      if (action?.kind === "wait" && action.timeout <= LONG) {
        const entry = { kind: "done", value: WAIT_TIMEOUT } as const;
        steps.push({ text: "is not woken", part, entry, change: { longWaits } });
      }
      for (const [wait, { timeout }] of waits) {
        if (timeout > LONG || isOver(state, part, wait)) continue;
        const woken = [...state.woken, { part, wait, code: WAIT_TIMEOUT }];
        steps.push({ text: `wait ${wait} is late`, part, change: { woken, longWaits } });
      }
    }
    return steps;
  }

  #access(access: Access, make: () => unknown): unknown {
    if (this.#scenario.constant?.includes(access.word)) {
      const before = this.#watched[access.word];
      const value = make();
      if (this.#watched[access.word] === before) return value;
      throw new Error(`A script has written to the constant word ${access.word}`);
    }
    return accessMemory(this.#weakened(access), make);
  }

  /** Returns an access, or a plain one in its place if this is the fault. */
  #weakened(access: Access): Access {
    const { weakened, onAtomic } = this.#options;
    if (!access.isAtomic || (weakened ?? onAtomic) === undefined || running().isReplaying) {
      return access;
    }
    const site = siteOf();
    onAtomic?.(site);
    return site === weakened ? { ...access, isAtomic: false } : access;
  }

  #checkEnd(state: State): void {
    const ended = new Set(state.ended);
    const { mayWait } = this.#scenario;
    const { words } = state.memory;
    for (const [part, { progress }] of state.nodes.entries()) {
      if (mayWait?.(words) || progress.isOver || progress.isResting || ended.has(part + 1)) {
        continue;
      }
      const { after } = this.#scenario.parts[part]!;
      if (after !== undefined && !ended.has(after)) continue;
      throw counterexample(`Script ${part + 1} waits for ever`, state);
    }
    try {
      this.#scenario.check(state.nodes.map(({ progress }) => progress.notes), ended, words);
    } catch (error) {
      throw counterexample("The end is wrong", state, error);
    }
  }
}

const ENDED = "its process is killed";

/** Returns whether a wait is over and its script has not yet received the result. */
function isOver({ woken }: State, part: number, wait: number): boolean {
  return woken.some((woken) => woken.part === part && woken.wait === wait);
}

function endOf(state: State, part: number): Step {
  const ended = [...state.ended, part + 1].sort();
  const woken = state.woken.filter((woken) => woken.part !== part);
  const closed = closing(state, ({ pid }) => pid === part + 1);
  return {
    text: ENDED,
    part,
    change: { ...closed, ended, woken, memory: state.memory.end(part, true) },
  };
}

/** The object of the system that holds the names of all events. */
const NAMES = "names";

function objectOf(handle: bigint): string {
  const pid = processOf(handle);
  return pid === undefined ? `event ${handle}` : processObject(pid);
}

/**
 * Runs scripts one step at a time.
 *
 * A script cannot be paused in the middle of a call. So each run starts at the script's beginning.
 * The steps that were made before return their earlier results again. At the first new step, the
 * run is aborted by an exception. That step is the next action of the script, and the explorer
 * decides when it happens.
 *
 * Between two calls of the library, a script can be at rest. Then its whole state is in its
 * objects. The explorer reads these objects, and sees whether a script has had the same state
 * before.
 *
 * @module
 */

import type { Machine } from "../../../src/channel/peer/machine.ts";
import type { Access } from "./watched_memory.ts";

/** The next step of a script that other scripts can notice, or that depends on them. */
export type Action =
  | { readonly kind: "access"; readonly access: Access; readonly make: () => unknown }
  | { readonly kind: "set"; readonly event: bigint }
  | { readonly kind: "event"; readonly how: "create" | "open" | "close"; readonly event: bigint }
  | { readonly kind: "wait"; readonly handles: readonly bigint[]; readonly timeout: number }
  | { readonly kind: "ask"; readonly pid: number }
  | { readonly kind: "time" };

/** An event in the history of a script: one of its own steps, or a callback of its event loop. */
export type Entry =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "woken"; readonly wait: number; readonly code: number }
  | { readonly kind: "turn" }
  | { readonly kind: "rest" };

/** A script, as a function that runs from its first step to its end. */
export type Script = (run: Run) => void | Promise<void>;

/** A wait of a script in its event loop. */
export interface LoopWait {
  /** The wait is over when one of these handles is signalled. */
  readonly handles: readonly bigint[];
  /** Maximum wait in milliseconds. */
  readonly timeout: number;
}

/** The state of a script after some entries. */
export interface Progress {
  /** The next action; `undefined` if the script waits for its event loop. */
  readonly action: Action | undefined;
  /**
   * The whole state of the script, if the script is at rest and the explorer must read its state.
   */
  readonly rest: readonly unknown[] | undefined;
  /** The waits in the event loop by their numbers. */
  readonly waits: ReadonlyMap<number, LoopWait>;
  /** The number of callbacks that wait for the next event-loop turn. */
  readonly turns: number;
  /** Whether the script has waited for an event. */
  readonly hasSlept: boolean;
  /** Whether the script has ended. */
  readonly isOver: boolean;
  /** Whether the script has done all its work and keeps its ends open. */
  readonly isResting: boolean;
  /** The error that ended the script, if there was one. */
  readonly error: unknown;
  /** The notes of the script. */
  readonly notes: readonly string[];
}

/** The handles of the events that all scripts have open. */
export const EVENTS = { data: 4n, space: 8n } as const;
const FIRST_NAMED = 100n;
const FIRST_PROCESS = 1000n;
/** The exception that aborts a run at its next action. */
const STOP = new Error("The run of this script ends here");

let current: Run | undefined;

/** Returns the handle of a process. */
export function processHandle(pid: number): bigint {
  return FIRST_PROCESS + BigInt(pid);
}

/** Returns the process id of a handle; `undefined` for the handle of an event. */
export function processOf(handle: bigint): number | undefined {
  return handle >= FIRST_PROCESS ? Number(handle - FIRST_PROCESS) : undefined;
}

/**
 * Returns the handle of a named event, the same in all processes: the number in the name decides.
 */
export function namedEvent(name: string): bigint {
  return FIRST_NAMED + 4n * BigInt(name.slice(name.lastIndexOf(".") + 1));
}

/** Returns whether a handle is of a named event, which must be created or opened. */
export function isNamed(handle: bigint): boolean {
  return handle >= FIRST_NAMED && handle < FIRST_PROCESS;
}

/** Returns a key that is different for different entries. */
export function keyOf(entry: Entry): string {
  switch (entry.kind) {
    case "done":
      return `${typeof entry.value} ${entry.value}`;
    case "woken":
      return `woken ${entry.wait} ${entry.code}`;
    case "turn":
    case "rest":
      return entry.kind;
  }
}

/** One run of a script. */
export class Run {
  readonly pid: number;
  readonly #entries: readonly Entry[];
  #at = 0;
  #action: Action | undefined;
  #hasSlept = false;
  #isOver = false;
  #isResting = false;
  #error: unknown;
  readonly #waits = new Map<number, LoopWait & { end: (code: number) => void }>();
  readonly #turns: (() => void)[] = [];
  readonly #notes: string[] = [];
  #root: (() => unknown) | undefined;
  #rest: readonly unknown[] | undefined;

  /**
   * @param pid The id of the script's process.
   * @param entries The entries that have happened to the script.
   */
  constructor(pid: number, entries: readonly Entry[]) {
    this.pid = pid;
    this.#entries = entries;
  }

  /** Runs a script up to its next action, its end or a wait. */
  async run(script: Script): Promise<Progress> {
    current = this;
    Promise.try(script, this).then(() => this.#isOver = true, (error) => {
      if (this.#action !== undefined) return;
      this.#isOver = true;
      this.#error = error;
    });
    for (;;) {
      // Runs all promise callbacks.
      await new Promise((resolve) => setImmediate(resolve));
      const entry = this.#entries[this.#at];
      if (this.#action !== undefined || entry === undefined) break;
      this.#at++;
      this.#happen(entry);
    }
    current = undefined;
    return {
      action: this.#action,
      rest: this.#rest,
      waits: new Map(this.#waits),
      turns: this.#turns.length,
      hasSlept: this.#hasSlept,
      isOver: this.#isOver && this.#action === undefined,
      isResting: this.#isResting && this.#action === undefined,
      error: this.#error,
      notes: this.#notes,
    };
  }

  /** Whether the next step was made in an earlier run, or the run is aborted. */
  get isReplaying(): boolean {
    return this.#action !== undefined || this.#entries[this.#at]?.kind === "done";
  }

  /** Adds a note, which the scenario checks at the end. */
  note(text: string): void {
    if (this.#action === undefined) this.#notes.push(text);
  }

  /** Returns whether the script has nothing pending, so that it can call {@linkcode Run.rest}. */
  canRest({ flushQueue }: Machine): boolean {
    return this.#action === undefined && this.#turns.length === 0 && flushQueue.isEmpty;
  }

  /**
   * Marks a moment between two calls of the library. From here on, the script depends only on
   * `state`, and not on its history. If the explorer has to read the state first, the run ends
   * here, and no object of the script is closed.
   *
   * @param state The whole state of the script.
   */
  async rest(state: unknown): Promise<void> {
    if (this.#entries[this.#at]?.kind === "rest") {
      this.#at++;
      return;
    }
    const waits = [...this.#waits.keys()];
    this.#rest = [state, this.#notes, waits, this.#hasSlept];
    await new Promise(() => {});
  }

  /**
   * Lets the script also be at rest at the end of each wait. The code after the wait must find its
   * whole state, such as deadlines, in objects that `root` reaches or that never change.
   *
   * @param root Returns the whole state of the script.
   */
  restInWaits(root: () => unknown): void {
    this.#root = root;
  }

  /** Waits for an event in the event loop, and then rests after {@linkcode Run.restInWaits}. */
  async waitAndRest(event: bigint, timeout: number): Promise<number> {
    const code = await this.wait([event], timeout);
    const isResting = this.#root !== undefined && this.#action === undefined &&
      this.#turns.length === 0;
    if (isResting) await this.rest([this.#root!(), "after a wait", code]);
    return code;
  }

  /** Returns the result of a step that was made before. Aborts the run at a new step. */
  step(action: Action): unknown {
    const entry = this.#entries[this.#at];
    if (this.#action === undefined && entry?.kind === "done") {
      this.#at++;
      return entry.value;
    }
    if (action.kind === "wait") this.#hasSlept = true;
    // A run that is aborted closes its events, which is no step.
    if (this.#action !== undefined && action.kind === "event") return true;
    this.#action ??= action;
    throw STOP;
  }

  /** Begins to wait in the event loop. */
  async wait(handles: readonly bigint[], timeout = Infinity): Promise<number> {
    if (this.#action !== undefined) throw STOP;
    if (handles.some(isNamed)) this.#hasSlept = true;
    let number = 1;
    while (this.#waits.has(number)) number++;
    return await new Promise((end) => this.#waits.set(number, { handles, timeout, end }));
  }

  /** Waits until another process has ended. */
  async whenEnded(pid: number): Promise<void> {
    await this.wait([processHandle(pid)]);
  }

  /** Keeps the ends of the script open for ever, while its event loop goes on. */
  async stay(): Promise<never> {
    this.#isResting = true;
    return await new Promise(() => {});
  }

  /** Calls a function in the next event-loop turn. */
  later(callback: () => void): void {
    if (this.#action === undefined) this.#turns.push(callback);
  }

  #happen(entry: Entry): void {
    if (entry.kind === "done" || entry.kind === "rest") {
      throw new Error("The script does something else than before");
    }
    if (entry.kind === "woken") {
      this.#waits.get(entry.wait)!.end(entry.code);
      this.#waits.delete(entry.wait);
      return;
    }
    try {
      this.#turns.shift()!();
    } catch (error) {
      if (error !== STOP) throw error;
    }
  }
}

/** Makes Deno ignore the rejections of aborted runs. */
export function letScriptsStop(): Disposable {
  const stack = new DisposableStack();
  const ignore = (event: PromiseRejectionEvent) => {
    if (event.reason === STOP) event.preventDefault();
  };
  addEventListener("unhandledrejection", ignore);
  stack.defer(() => removeEventListener("unhandledrejection", ignore));
  return stack;
}

/** Returns the run that is under way. */
export function running(): Run {
  if (current === undefined) throw new Error("No script is running");
  return current;
}

/** Makes an access to memory a step of the script that is running. */
export function accessMemory(access: Access, make: () => unknown): unknown {
  return running().step({ kind: "access", access, make });
}

/**
 * Running scripts one step at a time.
 *
 * A script cannot be stopped in the middle of a call. So it is run from its beginning, is told again
 * what all of its steps have come to so far, and is thrown out at the first one that has not been made.
 * That step is then what it does next, whenever that may be.
 *
 * Between two calls of the library a script may be at rest. Then all that it has is in its objects, and
 * the explorer looks at these before it lets the script go on: it knows whether one was like that before.
 *
 * @module
 */

import type { Machine } from "../../../src/channel/peer/machine.ts";
import type { Access } from "./watched_memory.ts";

/** What a script does next, which others may notice, or which they may have to do with. */
export type Action =
  | { readonly kind: "access"; readonly access: Access; readonly make: () => unknown }
  | { readonly kind: "set"; readonly event: bigint }
  | { readonly kind: "event"; readonly how: "create" | "open" | "close"; readonly event: bigint }
  | { readonly kind: "wait"; readonly handles: readonly bigint[]; readonly timeout: number }
  | { readonly kind: "ask"; readonly pid: number }
  | { readonly kind: "time" };

/** What has happened to a script: a step of its own, or in its event loop. */
export type Entry =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "woken"; readonly wait: number; readonly code: number }
  | { readonly kind: "turn" }
  | { readonly kind: "rest" };

/** A script: from its first step to its end. */
export type Script = (run: Run) => void | Promise<void>;

/** What a script waits for in its event loop. */
export interface LoopWait {
  /** One of these. */
  readonly handles: readonly bigint[];
  /** The most to wait, in milliseconds. */
  readonly timeout: number;
}

/** How far a script has come. */
export interface Progress {
  /** What it does next; `undefined` if its event loop has to do something first. */
  readonly action: Action | undefined;
  /** All that it has, if it is at rest and does not go on before that is known. */
  readonly rest: readonly unknown[] | undefined;
  /** What it waits for in its event loop, by the numbers of the waits. */
  readonly waits: ReadonlyMap<number, LoopWait>;
  /** How many callbacks wait for the next turn of its event loop. */
  readonly turns: number;
  /** Whether it has waited. */
  readonly hasSlept: boolean;
  /** Whether it has ended. */
  readonly isOver: boolean;
  /** Whether it has done all that it had to, and stays. */
  readonly isResting: boolean;
  /** What it ended with, if that is an error. */
  readonly error: unknown;
  /** What it has noted. */
  readonly notes: readonly string[];
}

/** The handles that all scripts have. */
export const EVENTS = { data: 4n, space: 8n } as const;
const FIRST_NAMED = 100n;
const FIRST_PROCESS = 1000n;
/** Throws a script out. */
const STOP = new Error("This script goes no farther");

let current: Run | undefined;

/** The handle of a process. */
export function processHandle(pid: number): bigint {
  return FIRST_PROCESS + BigInt(pid);
}

/** The process of a handle; `undefined` if it is an event's. */
export function processOf(handle: bigint): number | undefined {
  return handle >= FIRST_PROCESS ? Number(handle - FIRST_PROCESS) : undefined;
}

/** The handle of an event with a name, in whatever process: one for each number at the end of names. */
export function namedEvent(name: string): bigint {
  return FIRST_NAMED + 4n * BigInt(name.slice(name.lastIndexOf(".") + 1));
}

/** Whether that is the handle of an event with a name, which has to be created or opened. */
export function isNamed(handle: bigint): boolean {
  return handle >= FIRST_NAMED && handle < FIRST_PROCESS;
}

/** What tells one thing that happens from others. */
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
   * @param pid The id of its process.
   * @param entries What has happened to it so far.
   */
  constructor(pid: number, entries: readonly Entry[]) {
    this.pid = pid;
    this.#entries = entries;
  }

  /** Runs a script as far as it comes. */
  async run(script: Script): Promise<Progress> {
    current = this;
    Promise.try(script, this).then(() => this.#isOver = true, (error) => {
      if (this.#action !== undefined) return;
      this.#isOver = true;
      this.#error = error;
    });
    for (;;) {
      // All that promises have it do.
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

  /** Notes something that is to be looked at when all is over. */
  note(text: string): void {
    if (this.#action === undefined) this.#notes.push(text);
  }

  /** Whether nothing else goes on in the script, so that it can {@linkcode Run.rest}. */
  canRest({ flushQueue }: Machine): boolean {
    return this.#action === undefined && this.#turns.length === 0 && flushQueue.isEmpty;
  }

  /**
   * Is between two calls of the library. However it has come to be as it is now, what it does from here
   * on depends on that alone. A script that is not to go on stays here, and nothing of it is closed.
   *
   * @param state All that it has.
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
   * Has this script be as at rest also where a wait is over: what goes on there must have all that it
   * needs in some object that can be reached from here, or always the same, deadlines as well.
   *
   * @param root Gives all that the script has.
   */
  restInWaits(root: () => unknown): void {
    this.#root = root;
  }

  /** Waits for an event in the event loop, and is then at rest if that was said. */
  async waitAndRest(event: bigint, timeout: number): Promise<number> {
    const code = await this.wait([event], timeout);
    const isResting = this.#root !== undefined && this.#action === undefined &&
      this.#turns.length === 0;
    if (isResting) await this.rest([this.#root!(), "after a wait", code]);
    return code;
  }

  /** Makes a step that was made before, or is thrown out there. */
  step(action: Action): unknown {
    const entry = this.#entries[this.#at];
    if (this.#action === undefined && entry?.kind === "done") {
      this.#at++;
      return entry.value;
    }
    if (action.kind === "wait") this.#hasSlept = true;
    // One that is thrown out closes what it has.
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

  /** Is fulfilled when another process has ended. */
  async whenEnded(pid: number): Promise<void> {
    await this.wait([processHandle(pid)]);
  }

  /** Stays as it is, with its event loop at work. */
  async stay(): Promise<never> {
    this.#isResting = true;
    return await new Promise(() => {});
  }

  /** Has something done in the next turn of the event loop. */
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

/** Has nobody be told of scripts that are thrown out, also where nobody waits for their promises. */
export function letScriptsStop(): Disposable {
  const stack = new DisposableStack();
  const ignore = (event: PromiseRejectionEvent) => {
    if (event.reason === STOP) event.preventDefault();
  };
  addEventListener("unhandledrejection", ignore);
  stack.defer(() => removeEventListener("unhandledrejection", ignore));
  return stack;
}

/** The script that is running. */
export function running(): Run {
  if (current === undefined) throw new Error("No script is running");
  return current;
}

/** Makes a step of the script that is running: an access to memory. */
export function accessMemory(access: Access, make: () => unknown): unknown {
  return running().step({ kind: "access", access, make });
}

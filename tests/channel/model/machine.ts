/**
 * What stands in for Deno and for Windows in the copy of the library; see library_copy.ts.
 *
 * @module
 */

import { isNamed, namedEvent, processHandle, running } from "./run.ts";

/** The same for all processes, whose ids are different. */
const START_TIME = 10_000n;

// What the copy has in place of what it would have of Deno.

/** Time goes by only where {@linkcode Action} says so. */
export const performance = { now: () => Number(running().step({ kind: "time" })) };
/** Nobody spins with one processor. */
export const navigator = { hardwareConcurrency: 1 };
const ofProcess: typeof Deno = Object.create(Deno, { pid: { get: () => running().pid } });
export { ofProcess as Deno };
/** A callback for the event loop's next turn. */
export function setImmediate(callback: () => void): void {
  running().later(callback);
}

/** What a script that was thrown out has forgotten is nobody's. */
export class FinalizationRegistry {
  /** There is nothing to be done. */
  register(): void {}
  /** There is nothing to be done. */
  unregister(): void {}
}

/** No timer is over: nothing has to wait for one. */
export function setTimeout(): undefined {}
/** There is nothing to be done. */
export function clearTimeout(): void {}

// What it has in place of Windows.

/** The functions that are called. */
export function kernel32(): Record<string, (...args: never[]) => unknown> {
  return {
    CloseHandle: (handle: bigint) => {
      if (isNamed(handle)) running().step({ kind: "event", how: "close", event: handle });
      return 1;
    },
    CreateEventW: () => running().newHandle(),
    SetEvent: (event: bigint) => running().step({ kind: "set", event }),
    WaitForMultipleObjectsEx: (_: number, handles: BigUint64Array, __: number, timeout: number) => {
      const code = running().step({ kind: "wait", handles: [...handles], timeout });
      running().restAfterWait(code);
      return code;
    },
    WaitOnPoolThread: (_: number, handles: BigUint64Array) => running().wait([...handles]),
  };
}

/**
 * Creates or opens an event with a name.
 *
 * @returns Its handle; `undefined` if it is there already, or is not there.
 */
export function holdEvent(how: "create" | "open", name: string): bigint | undefined {
  const event = namedEvent(name);
  return running().step({ kind: "event", how, event }) === true ? event : undefined;
}

/** Waits for an event in the event loop; tells whether it was set in time. */
export async function waitForEvent(event: bigint, timeout: number): Promise<boolean> {
  const code = await running().wait([event], timeout);
  running().restAfterWait(code);
  return code === 0;
}

/** The time, in units of 100 nanoseconds. */
export function interruptTime(): { readonly 0: number } {
  return {
    get 0() {
      return Number(running().step({ kind: "time" })) * 10_000;
    },
  };
}

/** When a process was started. */
export function startOf(): bigint {
  return START_TIME;
}

/** Looks at an object when a timer is over. */
export function blockOn(): undefined {}

/** Whether a script runs in a Worker. */
export function inWorker(): boolean {
  return false;
}

/** The thread of a Worker, of which there is none. */
export function currentThread(): never {
  throw new Error("There are no Workers");
}

/** The process that owns a place, to notice its end. */
export class OwnerWatch {
  readonly #pid: number;

  private constructor(pid: number) {
    this.#pid = pid;
  }

  /** Opens a process, by what is written down of it. */
  static open(owner: bigint): OwnerWatch | "ended" {
    const watch = new OwnerWatch(Number(owner & 0xffff_ffffn));
    return watch.hasEnded ? "ended" : watch;
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return running().step({ kind: "ask", pid: this.#pid }) === true;
  }

  /** Its handle. */
  get unsafeHandle(): bigint {
    return processHandle(this.#pid);
  }

  /** Waits for its end. */
  async wait(): Promise<void> {
    await running().whenEnded(this.#pid);
  }

  /** Lets the process end meanwhile. */
  unref(): void {}

  /** Closes the handle. */
  close(): void {}
}

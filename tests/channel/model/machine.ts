/**
 * What stands in for Deno and for Windows in the copy of the library; see library_copy.ts.
 *
 * @module
 */

import { processHandle, running } from "./run.ts";

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

/** No timer is over: nothing has to wait for one. */
export function setTimeout(): undefined {}
/** There is nothing to be done. */
export function clearTimeout(): void {}

// What it has in place of Windows.

/** The functions that are called. */
export function kernel32(): Record<string, (...args: never[]) => unknown> {
  return {
    CloseHandle: () => 1,
    CreateEventW: () => running().newHandle(),
    SetEvent: (event: bigint) => running().step({ kind: "set", event }),
    WaitForMultipleObjectsEx: (_: number, handles: BigUint64Array, __: number, timeout: number) =>
      running().step({ kind: "wait", handles: [...handles], timeout }),
    WaitOnPoolThread: (_: number, handles: BigUint64Array) => running().wait([...handles]),
  };
}

/** When a process was started. */
export function startOf(): bigint {
  return START_TIME;
}

/** Looks at an object when a timer is over. */
export function standStill(): undefined {}

/** Whether a script runs in a Worker. */
export function inWorker(): boolean {
  return false;
}

/** A process that is waited for. */
export class ProcessWatch {
  readonly startTime = START_TIME;

  private constructor(readonly pid: number) {}

  /** Opens a process. */
  static open(pid: number): ProcessWatch {
    if (running().step({ kind: "ask", pid }) === true) throw new Deno.errors.NotFound();
    return new ProcessWatch(pid);
  }

  /** Its exit code. */
  get exitCode(): number | undefined {
    return running().step({ kind: "ask", pid: this.pid }) === true ? 1 : undefined;
  }

  /** Its handle. */
  get unsafeHandle(): bigint {
    return processHandle(this.pid);
  }

  /** Waits for its end. */
  async wait(): Promise<number> {
    await running().whenEnded(this.pid);
    return 1;
  }

  /** Lets the process end meanwhile. */
  unref(): void {}

  /** Closes the handle. */
  close(): void {}
}

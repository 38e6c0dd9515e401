/**
 * The machine that scripts run on. Each call of an end to the machine is a step of the end's
 * script.
 *
 * @module
 */

import type { EndEvent, Machine, Owner, Parking } from "../../../src/channel/peer/machine.ts";
import { processOwner } from "../../../src/channel/peer/place.ts";
import type { WaitOptions } from "../../../src/wait/options.ts";
import type { Library } from "./library.ts";
import { isNamed, namedEvent, processHandle, type Run } from "./run.ts";

/** The start time of all processes: their ids are different, so their times need not be. */
export const START_TIME = 10_000n;
const UNITS_PER_MILLISECOND = 10_000;

/**
 * Returns a new machine for a script. The only processes on the machine are the scripts of the
 * scenario.
 */
export function machineOf(run: Run, library: Library): Machine {
  // Only the explorer lets time pass.
  const now = () => Number(run.step({ kind: "time" }));
  const immediate = (callback: () => void) => run.later(callback);
  return {
    self: processOwner(run.pid, START_TIME),
    // With one processor, no end spins.
    processors: 1,
    ticks: {
      length: 1,
      get 0() {
        return now() * UNITS_PER_MILLISECOND;
      },
    },
    eventLoop: new library.eventLoop.EventLoop({ now, immediate }),
    flushQueue: new library.flushQueue.FlushQueue(immediate),
    now,
    watch: (owner) => {
      const found = ownerOf(run, Number(owner & 0xffff_ffffn));
      return found.hasEnded ? "ended" : found;
    },
    createEvent: (name) => {
      const created = holdEvent(run, "create", name);
      if (created === undefined) throw new Deno.errors.AlreadyExists();
      return created;
    },
    openEvent: (name) => {
      const opened = holdEvent(run, "open", name);
      if (opened === undefined) throw new Deno.errors.NotFound();
      return opened;
    },
    waitMultiple: (handles, timeout) =>
      Number(run.step({ kind: "wait", handles: [...handles], timeout })),
    park: (event, before) => before ?? new ModelParking(run, event),
  };
}

/** Returns an event that all processes have open from the beginning. */
export function eventOf(run: Run, handle: bigint): EndEvent {
  return new ModelEvent(run, handle);
}

function holdEvent(run: Run, how: "create" | "open", name: string): EndEvent | undefined {
  const event = namedEvent(name);
  return run.step({ kind: "event", how, event }) === true ? eventOf(run, event) : undefined;
}

class ModelEvent implements EndEvent {
  closed = false;
  readonly unsafeHandle: bigint;
  // Fields with functions instead of methods: digest.ts leaves functions out.
  readonly wait: (options?: WaitOptions) => Promise<void>;
  readonly #step: Run["step"];

  constructor(run: Run, handle: bigint) {
    this.unsafeHandle = handle;
    this.#step = (action) => run.step(action);
    this.wait = async ({ timeout = Infinity } = {}) => {
      if (await run.waitAndRest(handle, timeout) !== 0) throw new Deno.errors.TimedOut();
    };
  }

  set(): void {
    if (this.closed) throw new Deno.errors.BadResource();
    this.#step({ kind: "set", event: this.unsafeHandle });
  }

  ref(): void {}

  unref(): void {}

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const event = this.unsafeHandle;
    if (isNamed(event)) this.#step({ kind: "event", how: "close", event });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

class ModelParking implements Parking {
  readonly isStopped = false;
  readonly wait: Parking["wait"];

  constructor(run: Run, { unsafeHandle }: EndEvent) {
    this.wait = async ({ timeout = Infinity }) =>
      await run.waitAndRest(unsafeHandle, timeout) === 0;
  }

  /** Does nothing, because no script stops a parked wait. */
  stop(): void {}
}

function ownerOf(run: Run, pid: number): Owner {
  return {
    get hasEnded() {
      return run.step({ kind: "ask", pid }) === true;
    },
    unsafeHandle: processHandle(pid),
    wait: () => run.whenEnded(pid),
    unref: () => {},
    close: () => {},
  };
}

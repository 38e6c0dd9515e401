/**
 * Scripts that use locks in memory, for the explorer of tests/channel/model.
 *
 * @module
 */

import type { LockEvent, LockSystem } from "../../../../src/sync/shared_lock/word.ts";
import type { Part } from "../../../channel/model/explore.ts";
import { namedEvent, type Run } from "../../../channel/model/run.ts";
import type { LockModules } from "./locks.ts";

/** Index of a word that contains the number of the script which has the lock. */
export const INSIDE = 120;
/** Indices of two plain words that the lock protects. They always have the same number. */
export const COUNTS: readonly number[] = [122, 124];
/** The length of the memory in words. */
export const MEMORY_LENGTH = 128;

/** Added to the number of a script this gives the id of its thread. */
const FIRST_THREAD = 1000;

/** The process of a script: another script can have the same process, or the id of a dead one. */
export interface Identity {
  /** The process id divided by 4. @default the number of the script */
  readonly process?: number;
  /**
   * The numbers of all scripts that have a process id, by the process id divided by 4.
   *
   * @default each process id belongs to the script of its number
   */
  readonly scriptsOf?: Readonly<Record<number, readonly number[]>>;
  /**
   * Whether all scripts have the same start time, as threads that start in the same millisecond.
   *
   * @default false: the start time is the number of the script
   */
  readonly startAtOnce?: boolean;
}

/** Options of a script. */
export interface Locking extends Identity, Pick<Part, "killable" | "after" | "first"> {
  /** Whether the script awaits promises or blocks. */
  way: "await" | "Sync";
  /** The number of times that the script takes the lock. @default 1 */
  times?: number;
  /** Maximum waiting time in milliseconds. After that the script gives up. @default Infinity */
  timeout?: number;
  /**
   * Whether the script adds 1 to plain words while it has the lock, or reads them, instead of an
   * `Atomics` access that shows who has the lock. @default false
   */
  isPlain?: boolean;
  /** Whether the script gives up if a reader-writer lock is not free. @default false */
  isTry?: boolean;
}

/**
 * A script that takes the lock, and throws if another script has it at the same time.
 *
 * @param options `isQuick`: whether the script first takes the lock as if nobody had waited for it.
 */
export function locker(
  locks: LockModules,
  { isQuick = false, ...options }: Locking & { isQuick?: boolean },
): Part {
  return script(options, async (run, buffer) => {
    const clock = { time: 0 };
    const word = new locks.LockWord(new Int32Array(buffer, 0, 8), systemOf(run, options, clock));
    const wait = waitOf(options);
    for (let count = options.times ?? 1; count > 0; count--) {
      run.restInWaits(() => [word, clock, count]);
      let isAbandoned = false;
      if (!isQuick || !word.takeFree()) {
        const taken = options.way === "Sync" ? word.acquireSync(wait) : await word.acquire(wait);
        isAbandoned = taken === locks.ABANDONED;
      }
      run.note("taken");
      use(buffer, run, { isAbandoned, ...options });
      word.release();
      await run.rest([word, clock, count]);
    }
  });
}

/** A script that takes a lock for writing, and throws if another script has it, too. */
export function writer(locks: LockModules, options: Locking): Part {
  return script(options, async (run, buffer) => {
    const clock = { time: 0 };
    const system = systemOf(run, options, clock);
    const words = new locks.ReadWriteWords(new Int32Array(buffer), system);
    const wait = waitOf(options);
    for (let count = options.times ?? 1; count > 0; count--) {
      const isAbandoned = options.isTry
        ? words.tryWrite()
        : options.way === "Sync"
        ? words.writeSync(wait)
        : await words.write(wait);
      if (isAbandoned !== undefined) {
        run.note("taken");
        use(buffer, run, { isAbandoned, ...options });
        words.endWrite();
      }
      await run.rest([words, clock, count]);
    }
  });
}

/** A script that takes a lock for reading, and throws if a writer has it, too. */
export function reader(locks: LockModules, options: Locking): Part {
  return script(options, async (run, buffer) => {
    const clock = { time: 0 };
    const system = systemOf(run, options, clock);
    const words = new locks.ReadWriteWords(new Int32Array(buffer), system);
    const inside = new Int32Array(buffer, 4 * INSIDE, 1);
    const wait = waitOf(options);
    for (let count = options.times ?? 1; count > 0; count--) {
      let place = words.tryRead();
      if (place < 0) {
        if (options.isTry) break;
        place = options.way === "Sync" ? words.readSync(wait) : await words.read(wait);
      }
      run.note("reads");
      // The last writer can have been killed between its two stores.
      if (options.isPlain && !words.isAbandoned) countIn(buffer);
      // Twice, because a writer could come between.
      for (let look = options.isPlain ? 2 : 0; look < 2; look++) {
        const writer = Atomics.load(inside, 0);
        if (writer !== 0 && !words.isAbandoned) throw new Error(`Script ${writer} writes, too`);
      }
      words.endRead(place);
      await run.rest([words, clock, count]);
    }
  });
}

function script(
  { killable, after, first = false, timeout }: Locking,
  run: (run: Run, buffer: ArrayBuffer) => Promise<void>,
): Part {
  return {
    ...(killable ? { killable } : {}),
    first,
    ...(after ? { after } : {}),
    script: async (_, current, buffer) => {
      if (after !== undefined) await current.whenEnded(after);
      try {
        await run(current, buffer);
      } catch (error) {
        if (timeout === undefined || !(error instanceof Deno.errors.TimedOut)) throw error;
      }
    },
  };
}

function waitOf({ timeout = Infinity }: Locking) {
  return { timeout, deadline: timeout, label: "the lock" };
}

/** Uses what the lock protects, and throws if another script uses it, too. */
function use(
  buffer: ArrayBuffer,
  run: Run,
  { isAbandoned, isPlain = false }: { isAbandoned: boolean; isPlain?: boolean },
): void {
  if (isPlain) {
    const count = isAbandoned ? new Int32Array(buffer)[COUNTS[0]!]! : countIn(buffer);
    for (const at of COUNTS) new Int32Array(buffer)[at] = count + 1;
    run.note("added");
    return;
  }
  enter(buffer, run.pid, isAbandoned);
  leave(buffer, run.pid);
}

/** Returns the number that is in both plain words. */
function countIn(buffer: ArrayBuffer): number {
  const [one, other] = COUNTS.map((at) => new Int32Array(buffer)[at]!);
  if (one !== other) throw new Error(`The numbers ${one} and ${other} are not the same`);
  return one!;
}

function enter(buffer: ArrayBuffer, pid: number, isAbandoned: boolean): void {
  const inside = Atomics.exchange(new Int32Array(buffer, 4 * INSIDE, 1), 0, pid);
  if (inside !== 0 && !isAbandoned) throw new Error(`Script ${inside} has the lock, too`);
}

function leave(buffer: ArrayBuffer, pid: number): void {
  const inside = Atomics.exchange(new Int32Array(buffer, 4 * INSIDE, 1), 0, 0);
  if (inside !== pid) throw new Error(`Script ${inside} has the lock, too`);
}

/** Returns the system of a script. Its time passes only while the script sleeps. */
function systemOf(
  run: Run,
  { process = run.pid, scriptsOf = {}, startAtOnce = false }: Identity,
  clock: { time: number },
): LockSystem {
  const hasEnded = (pid: number) => run.step({ kind: "ask", pid }) === true;
  const allOf = (id: number) => scriptsOf[id / 4] ?? [id / 4];
  const begin = (name: string, how: "create" | "open") => {
    const event = eventOf(name);
    return run.step({ kind: "event", how, event }) === true ? event : undefined;
  };
  const close = (event: bigint) => void run.step({ kind: "event", how: "close", event });
  return {
    self: {
      process: process * 4,
      thread: FIRST_THREAD + run.pid,
      start: startAtOnce ? 1 : run.pid,
    },
    looks: 0,
    eventLoop: { blockBriefly: (wait) => wait() },
    now: () => clock.time,
    randomWord: () => run.pid,
    // As on Windows, a thread has ended if there is none with its id and its start time.
    hasEnded({ process, thread, start }) {
      if (start === 0) return allOf(process).every(hasEnded);
      const pid = thread - FIRST_THREAD;
      return start !== (startAtOnce ? 1 : pid) || hasEnded(pid);
    },
    openEvent(name): LockEvent {
      let event: bigint | undefined;
      // The event can end between two steps. The explorer has no step that opens or creates it.
      while (event === undefined) event = begin(name, "create") ?? begin(name, "open");
      const opened = event;
      const sleep = (code: unknown, timeout: number) => {
        // A thread that is woken at the end of its time can have used up the wake-up.
        if (code !== 0 || timeout <= 1) clock.time += timeout;
      };
      return {
        sleep: async ({ timeout = 0 }) => sleep(await run.waitAndRest(opened, timeout), timeout),
        sleepSync: (timeout) =>
          sleep(run.step({ kind: "wait", handles: [opened], timeout }), timeout),
        [Symbol.dispose]: () => close(opened),
      };
    },
    setEvent(name) {
      const event = begin(name, "open");
      if (event === undefined) return;
      run.step({ kind: "set", event });
      close(event);
    },
  };
}

/** Returns the handle of an event by its whole name. */
function eventOf(name: string): bigint {
  const isOfReaders = name.endsWith(".readers");
  const number = Number.parseInt(name.slice("Local\\winipc.".length, -".lock".length), 16);
  return namedEvent(`.${number % 97 * 2 + (isOfReaders ? 1 : 0)}`);
}

/**
 * A thread that waits for objects, and owns the mutexes that it took until the script releases
 * them.
 *
 * The script wakes the thread by an asynchronous procedure call. An event would take one of the 64
 * places in a wait, and could not end a wait for all of several objects.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitformultipleobjectsex}
 * @module
 */

import { isMainThread, workerData } from "node:worker_threads";
import { lastErrorCode } from "../../../ffi/error.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { INFINITE, MAX_AT_ONCE } from "../../../ffi/kernel_object.ts";
import { Parent } from "../../wait/thread.ts";
import { SLOTS, STATE, WaitRecord, type WaitThreadData, WORD } from "./protocol.ts";

const WAIT_ABANDONED_0 = 0x80;
const WAIT_IO_COMPLETION = 0xc0;
const WAIT_TIMEOUT = 0x102;
const WAIT_FAILED = 0xffff_ffff;

/**
 * Time that each group of up to 63 objects is waited for, in milliseconds. It is for waits with
 * more objects than Windows can wait for at once.
 */
const PART = 4;

/** The index of the object that was signalled, and whether it is an abandoned mutex. */
type Signalled = { at: number; abandoned: boolean };

/** Does the waits of a record. */
class WaitThread {
  readonly #record: WaitRecord;
  readonly #parent: Parent;
  /** The slots whose waits have begun. */
  #taken: number[] = [];
  #part = 0;

  constructor(buffer: SharedArrayBuffer, parent: Parent) {
    this.#record = new WaitRecord(buffer);
    this.#parent = parent;
  }

  /** Does waits until the script ends this thread, or the script's thread has ended. */
  run(): void {
    Atomics.store(this.#record.words, WORD.threadId, kernel32().GetCurrentThreadId());
    this.#ring();
    while (Atomics.load(this.#record.words, WORD.over) === 0) {
      if (this.#parent.handles.length === 0 && this.#parent.hasEnded) return;
      this.#takeUp();
      if (!this.#wait()) return;
    }
  }

  /** Begins new waits, releases mutexes, and ends cancelled waits. */
  #takeUp(): void {
    const { states } = this.#record;
    const fresh: number[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const isFresh = this.#record.move(slot, STATE.wanted, STATE.taken) ||
        this.#record.move(slot, STATE.hurried, STATE.cancelling);
      if (isFresh) fresh.push(slot);
    }
    // Releases come after the look for new waits, but before those begin. A script can release a
    // mutex and then ask for it again: the release is then seen too, and done first.
    for (let slot = 0; slot < SLOTS; slot++) {
      if (Atomics.load(states, slot) === STATE.releasing) this.#release(slot);
    }
    this.#taken.push(...fresh);
    // Tries each slot alone first, so that an object that Windows refuses fails only its own wait.
    for (const slot of fresh) this.#tryOnce(slot);
    for (const slot of this.#taken) {
      if (Atomics.load(states, slot) === STATE.cancelling) this.#finish(slot, STATE.cancelled);
    }
  }

  /** Takes the objects of a slot if they are signalled now. */
  #tryOnce(slot: number): void {
    if (!this.#taken.includes(slot)) return;
    const { counts, alls, handles } = this.#record;
    const at = this.#record.at(slot);
    for (let from = at; from < at + counts[slot]!; from += MAX_AT_ONCE) {
      const to = Math.min(from + (alls[slot] ? 64 : MAX_AT_ONCE), at + counts[slot]!);
      // Windows takes the first signalled object. The parent is first, so that nothing is taken for
      // an ended parent: its handle values can belong to other objects by now. A wait for all
      // objects has no room for the parent.
      const parent = alls[slot] ? [] : this.#parent.handles;
      const part = BigUint64Array.of(...parent, ...handles.slice(from, to));
      const found = waitFor(part, alls[slot]! !== 0, 0);
      if (found === "failed") return this.#finish(slot, STATE.failed, lastErrorCode());
      if (typeof found === "object") {
        const index = found.at - parent.length;
        return index < 0 ? undefined : this.#satisfy(slot, from - at + index, found.abandoned);
      }
      if (alls[slot]) return;
    }
  }

  /** Waits until something happens. Returns `false` if the script's thread has ended. */
  #wait(): boolean {
    const { counts, alls, handles } = this.#record;
    const [first] = this.#taken;
    if (first !== undefined && alls[first]) {
      const at = this.#record.at(first);
      const interval = Math.min(this.#parent.lookInterval, INFINITE);
      const found = waitFor(handles.slice(at, at + counts[first]!), true, interval);
      if (typeof found === "object") this.#satisfy(first, 0, found.abandoned);
      if (found === "failed") this.#tryOnce(first);
      return !this.#parent.hasEnded;
    }
    const objects: { slot: number; index: number }[] = [];
    for (const slot of this.#taken) {
      for (let index = 0; index < counts[slot]!; index++) objects.push({ slot, index });
    }
    const parts = Math.max(1, Math.ceil(objects.length / MAX_AT_ONCE));
    this.#part = (this.#part + 1) % parts;
    const part = objects.slice(this.#part * MAX_AT_ONCE, (this.#part + 1) * MAX_AT_ONCE);
    const parent = this.#parent.handles;
    const found = waitFor(
      BigUint64Array.of(
        // First in the list, so that nothing else is taken when the parent has ended.
        ...parent,
        ...part.map(({ slot, index }) => handles[this.#record.at(slot) + index]!),
      ),
      false,
      parts === 1 ? INFINITE : PART,
    );
    // One handle is no longer valid: find out which.
    if (found === "failed") { for (const slot of [...this.#taken]) this.#tryOnce(slot); }
    if (typeof found !== "object") return true;
    const object = part[found.at - parent.length];
    if (object === undefined) return false;
    this.#satisfy(object.slot, object.index, found.abandoned);
    return true;
  }

  #satisfy(slot: number, index: number, abandoned: boolean): void {
    this.#record.abandoned[slot] = abandoned ? 1 : 0;
    this.#finish(slot, STATE.satisfied, index);
  }

  #finish(slot: number, state: number, result: number = 0): void {
    this.#taken = this.#taken.filter((taken) => taken !== slot);
    this.#record.results[slot] = result;
    Atomics.store(this.#record.states, slot, state);
    this.#ring();
  }

  /** Releases the mutexes that a slot took: the signalled one, or all of a wait for all objects. */
  #release(slot: number): void {
    const { alls, counts, results, handles, mutexes } = this.#record;
    const at = this.#record.at(slot);
    const [from, to] = alls[slot]
      ? [at, at + counts[slot]!]
      : [at + results[slot]!, at + results[slot]! + 1];
    for (let object = from; object < to; object++) {
      if (mutexes[object]) kernel32().ReleaseMutex(handles[object]!);
    }
    Atomics.store(this.#record.states, slot, STATE.released);
    this.#ring();
  }

  #ring(): void {
    Atomics.add(this.#record.words, WORD.bell, 1);
    Atomics.notify(this.#record.words, WORD.bell);
  }
}

function waitFor(
  handles: BigUint64Array,
  all: boolean,
  milliseconds: number,
): Signalled | "timeout" | "woken" | "failed" {
  const { SleepEx, WaitForMultipleObjectsEx } = kernel32();
  const objects = new BigUint64Array(handles);
  const alertable = milliseconds === 0 ? 0 : 1;
  // WaitForMultipleObjectsEx fails without objects, and an idle thread would try again at once.
  if (objects.length === 0) return SleepEx(milliseconds, alertable) === 0 ? "timeout" : "woken";
  const code = WaitForMultipleObjectsEx(
    objects.length,
    objects,
    all ? 1 : 0,
    milliseconds,
    alertable,
  );
  if (code === WAIT_FAILED) return "failed";
  if (code === WAIT_TIMEOUT) return "timeout";
  if (code === WAIT_IO_COMPLETION) return "woken";
  const abandoned = code >= WAIT_ABANDONED_0;
  return { at: abandoned ? code - WAIT_ABANDONED_0 : code, abandoned };
}

function run({ buffer, parent: identity }: WaitThreadData): void {
  using parent = new Parent(identity);
  new WaitThread(buffer, parent).run();
}

if (!isMainThread) run(workerData);

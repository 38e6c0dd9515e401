/**
 * A thread that waits for objects, and owns the mutexes that it got until it is told to release
 * them.
 *
 * It is woken by an asynchronous procedure call, which leaves all 64 objects that Windows can wait
 * for to be waited for, and ends a wait for all of several as well, which an event could not.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitformultipleobjectsex}
 * @module
 */

import { isMainThread, workerData } from "node:worker_threads";
import { lastErrorCode } from "../../../ffi/error.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { INFINITE } from "../../../ffi/kernel_object.ts";
import { Parent } from "../../wait/thread.ts";
import { MAX_AT_ONCE, SLOTS, STATE, WaitRecord, type WaitThreadData, WORD } from "./protocol.ts";

const WAIT_ABANDONED_0 = 0x80;
const WAIT_IO_COMPLETION = 0xc0;
const WAIT_TIMEOUT = 0x102;
const WAIT_FAILED = 0xffff_ffff;

/** How long each part of a wait for more objects than Windows can wait for is waited for, in milliseconds. */
const PART = 4;

/** What came of a wait: which object was signalled, or that none was. */
type Signalled = { at: number; abandoned: boolean };

/** The thread's side of a record. */
class WaitThread {
  readonly #record: WaitRecord;
  readonly #parent: Parent;
  /** The slots that are waited for. */
  #taken: number[] = [];
  #part = 0;

  constructor(buffer: SharedArrayBuffer, parent: Parent) {
    this.#record = new WaitRecord(buffer);
    this.#parent = parent;
  }

  /** Waits for what the script wants, until it is told to end or the script's thread has ended. */
  run(): void {
    Atomics.store(this.#record.words, WORD.threadId, kernel32().GetCurrentThreadId());
    this.#ring();
    while (Atomics.load(this.#record.words, WORD.over) === 0) {
      if (this.#parent.handles.length === 0 && this.#parent.hasEnded) return;
      this.#takeUp();
      if (!this.#wait()) return;
    }
  }

  /** Takes up what is wanted, and lets go of what is not any more. */
  #takeUp(): void {
    const { states } = this.#record;
    const fresh: number[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const isFresh = this.#record.move(slot, STATE.wanted, STATE.taken) ||
        this.#record.move(slot, STATE.hurried, STATE.cancelling);
      if (isFresh) fresh.push(slot);
    }
    // Only now: a mutex that is wanted again was released before, and has to be let go first.
    for (let slot = 0; slot < SLOTS; slot++) {
      if (Atomics.load(states, slot) === STATE.releasing) this.#release(slot);
    }
    this.#taken.push(...fresh);
    // Each by itself at first, so that one that Windows will not wait for is told from the others.
    for (const slot of fresh) this.#tryOnce(slot);
    for (const slot of this.#taken) {
      if (Atomics.load(states, slot) === STATE.cancelling) this.#finish(slot, STATE.cancelled);
    }
  }

  /** Takes what a slot waits for if it is signalled now. */
  #tryOnce(slot: number): void {
    if (!this.#taken.includes(slot)) return;
    const { counts, alls, handles } = this.#record;
    const at = this.#record.at(slot);
    for (let from = at; from < at + counts[slot]!; from += MAX_AT_ONCE) {
      const to = Math.min(from + (alls[slot] ? 64 : MAX_AT_ONCE), at + counts[slot]!);
      // The first of several that are signalled is taken: nothing for a parent that has ended, whose
      // handles may be others' by now. Where all are waited for, there is no room for one more.
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

  /** Waits until something happens; gives whether the script's thread is still there. */
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
        // The first of several that are signalled is taken: no other's when the parent has ended.
        ...parent,
        ...part.map(({ slot, index }) => handles[this.#record.at(slot) + index]!),
      ),
      false,
      parts === 1 ? INFINITE : PART,
    );
    // One of them is no object any more: find out which.
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

  /** Releases the mutexes that a slot has taken: the one that was signalled, or all. */
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
  const { WaitForMultipleObjectsEx } = kernel32();
  const objects = new BigUint64Array(handles);
  const alertable = milliseconds === 0 ? 0 : 1;
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

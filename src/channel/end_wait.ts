/**
 * How an end of a ring waits for the other one.
 *
 * @module
 */

import { lastError } from "../../ffi/error.ts";
import { kernel32 } from "../../ffi/kernel32.ts";
import { INFINITE } from "../../ffi/registered_wait.ts";
import type { SharedEvent, WaitOptions } from "../sync/mod.ts";
import { deadlineAfter, timeLeft } from "./deadline.ts";
import type { OtherEnd } from "./other_end.ts";
import { HEADER_LENGTH, type Place } from "./ring_header.ts";
import { announceSleep, rise } from "./sleep.ts";
import { Spin } from "./spin.ts";
import { tellNow } from "./turn_end.ts";

/** The most looks of who stands still anyway. */
const LOOKS_STANDING_STILL = 4096;
/** The most looks while an event loop stands still. */
const LOOKS_IN_TURN = 512;

const WAIT_OBJECT_0 = 0;
const WAIT_TIMEOUT = 0x102;

/** Waits until something is there: spins for a while, and then sleeps until the end's event is set. */
export class EndWait {
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #place: Place;
  readonly #event: SharedEvent;
  readonly #other: OtherEnd;
  readonly #spinSync = new Spin(LOOKS_STANDING_STILL);
  readonly #spin = new Spin(LOOKS_IN_TURN);

  /**
   * @param buffer The ring's memory.
   * @param place The end's place.
   * @param event The event that wakes it up.
   * @param other The other end.
   */
  constructor(buffer: ArrayBuffer, place: Place, event: SharedEvent, other: OtherEnd) {
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#place = place;
    this.#event = event;
    this.#other = other;
  }

  /**
   * Waits, and has the thread stand still meanwhile.
   *
   * @param isReady Whether what is waited for is there; also when the other end is gone.
   * @param timeout The most to wait, in milliseconds.
   * @returns Whether it was there in time.
   */
  untilSync(isReady: () => boolean, timeout: number): boolean {
    tellNow();
    if (isReady()) return true;
    if (timeout === 0) return false;
    const deadline = deadlineAfter(timeout);
    if (this.#spinSync.until(isReady)) return true;
    for (;;) {
      const process = this.#other.look();
      announceSleep(this.#header, this.#place);
      const left = timeLeft(deadline);
      if (isReady() || left === 0) {
        rise(this.#header, this.#place);
        return isReady();
      }
      if (sleepSync(this.#event.unsafeHandle, process, left) === "ended") this.#other.noteDeath();
    }
  }

  /**
   * Waits.
   *
   * @param isReady Whether what is waited for is there; also when the other end is gone.
   * @param options How long.
   * @throws {Deno.errors.TimedOut} If it was not there in time.
   */
  async until(
    isReady: () => boolean,
    { timeout = Infinity, signal }: WaitOptions,
  ): Promise<void> {
    tellNow();
    if (isReady() || this.#spin.until(isReady)) return;
    const deadline = deadlineAfter(timeout);
    for (;;) {
      this.#other.awaitDeath();
      announceSleep(this.#header, this.#place);
      if (isReady()) return rise(this.#header, this.#place);
      const left = Math.ceil(timeLeft(deadline));
      try {
        await this.#event.wait({ timeout: left, ...(signal && { signal }) });
      } catch (error) {
        if (this.#event.closed) throw error;
        rise(this.#header, this.#place);
        if (!isReady() || !(error instanceof Deno.errors.TimedOut)) throw error;
      }
      if (isReady()) return;
    }
  }
}

function sleepSync(event: bigint, process: bigint | undefined, timeout: number): "woken" | "ended" {
  const handles = process === undefined
    ? BigUint64Array.of(event)
    : BigUint64Array.of(event, process);
  const milliseconds = Math.min(Math.ceil(timeout), INFINITE);
  const { WaitForMultipleObjectsEx } = kernel32();
  const code = WaitForMultipleObjectsEx(handles.length, handles, 0, milliseconds, 0);
  if (code === WAIT_OBJECT_0 + 1) return "ended";
  if (code === WAIT_OBJECT_0 || code === WAIT_TIMEOUT) return "woken";
  throw lastError("WaitForMultipleObjectsEx", "Cannot wait for the other end of the channel");
}

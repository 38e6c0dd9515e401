/**
 * The machine that ends run on: all that they use of the system.
 *
 * Ends get the machine as an object. So tests can run the ends unchanged on another machine, which
 * tries all orders of their steps (see tests/channel/model).
 *
 * @module
 */

import type { Security } from "../../../ffi/security.ts";
import type { SharedEvent } from "../../sync/mod.ts";
import type { ParkedWait } from "../../sync/pool_thread_wait.ts";
import type { EventLoop } from "../../wait/event_loop.ts";
import type { Clock } from "../../wait/options.ts";
import type { FlushQueue } from "./windows.ts";
import type { OwnerWatch } from "./place.ts";

/** An event that wakes an end: the members of {@linkcode SharedEvent} that ends use. */
export type EndEvent =
  & Pick<SharedEvent, "closed" | "unsafeHandle" | "set" | "wait" | "ref" | "unref" | "close">
  & Disposable;

/** A parked wait for an event: the members of {@linkcode ParkedWait} that ends use. */
export type Parking = Pick<ParkedWait, "isStopped" | "wait" | "stop">;

/** The owner of a place: the members of {@linkcode OwnerWatch} that ends use. */
export type Owner = Pick<OwnerWatch, "hasEnded" | "unsafeHandle" | "wait" | "unref" | "close">;

/** The machine of a script, which all ends of the script share. */
export interface Machine extends Clock {
  /** This script as the owner of a place: see place.ts. */
  readonly self: bigint;
  /** The number of processors. With one, no peer can run while this script spins. */
  readonly processors: number;
  /** The time by the system's clock tick, read by one load: see {@linkcode interruptTime}. */
  readonly ticks: ArrayLike<number>;
  /** The event loop of this script. */
  readonly eventLoop: EventLoop;
  /** The ends of this script that have something pending. */
  readonly flushQueue: FlushQueue;
  /**
   * Opens the owner of a place, to wait for its end.
   *
   * @returns `"ended"` if the owner has ended, `"hidden"` if this user cannot wait for it.
   */
  watch(owner: bigint): Owner | "ended" | "hidden";
  /**
   * Creates a named event.
   *
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   */
  createEvent(name: string, options: { security?: Security }): EndEvent;
  /**
   * Opens a named event.
   *
   * @throws {Deno.errors.NotFound} If no event has this name.
   */
  openEvent(name: string): EndEvent;
  /**
   * Blocks the thread until one of several objects is signalled.
   *
   * @param timeout Maximum wait in milliseconds.
   * @returns The result of `WaitForMultipleObjectsEx`. The last error belongs to that call.
   */
  waitMultiple(handles: BigUint64Array<ArrayBuffer>, timeout: number): number;
  /**
   * Returns a parked wait for an event, the fastest kind of wait by a promise.
   *
   * @param before The parked wait of the last call. It is returned again unless it is stopped.
   * @returns `undefined` if no further wait can be parked now.
   */
  park(event: EndEvent, before: Parking | undefined): Parking | undefined;
}

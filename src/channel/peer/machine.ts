/**
 * The machine that ends run on.
 *
 * Ends ask nothing else in the system: they get this object. So the tests can run them, as they are, on
 * a machine on which all orders of steps are tried (see tests/channel/model).
 *
 * @module
 */

import type { Security } from "../../../ffi/security.ts";
import type { SharedEvent } from "../../sync/mod.ts";
import type { ParkedWait } from "../../sync/pool_thread_wait.ts";
import type { EventLoop } from "../../wait/event_loop.ts";
import type { Clock } from "../../wait/options.ts";
import type { FlushQueue } from "./flush_queue.ts";
import type { OwnerWatch } from "./owner.ts";

/** An event that wakes an end: a {@linkcode SharedEvent}, of which this is all that ends use. */
export type EndEvent =
  & Pick<SharedEvent, "closed" | "unsafeHandle" | "set" | "wait" | "ref" | "unref" | "close">
  & Disposable;

/** A wait for an event by the quickest way: see {@linkcode ParkedWait}. */
export type Parking = Pick<ParkedWait, "isStopped" | "wait" | "stop">;

/** The owner of a place, to notice its end: see {@linkcode OwnerWatch}. */
export type Owner = Pick<OwnerWatch, "hasEnded" | "unsafeHandle" | "wait" | "unref" | "close">;

/** What a script's ends use of their machine, and share in their script. */
export interface Machine extends Clock {
  /** This script, as it is written down as the owner of a place. */
  readonly self: bigint;
  /** How many processors there are: with one, nobody else does anything while this script spins. */
  readonly processors: number;
  /** The time by the system's clock tick, at the price of a load: see {@linkcode interruptTime}. */
  readonly ticks: ArrayLike<number>;
  /** The event loop of this script. */
  readonly eventLoop: EventLoop;
  /** What this script's ends have to publish. */
  readonly flushQueue: FlushQueue;
  /**
   * Opens the owner of a place.
   *
   * @returns `"ended"` if it is not there any more, `"hidden"` if this user may not wait for it.
   */
  watch(owner: bigint): Owner | "ended" | "hidden";
  /**
   * Creates an event that has a name.
   *
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   */
  createEvent(name: string, options: { security?: Security }): EndEvent;
  /**
   * Opens the event of a name.
   *
   * @throws {Deno.errors.NotFound} If nobody holds it.
   */
  openEvent(name: string): EndEvent;
  /**
   * Blocks the thread until one of some objects is signalled.
   *
   * @param timeout The most to wait, in milliseconds.
   * @returns What `WaitForMultipleObjectsEx` gives; the last error belongs to that call.
   */
  waitMultiple(handles: BigUint64Array<ArrayBuffer>, timeout: number): number;
  /**
   * Gives a quick wait for an event.
   *
   * @param before The one that this gave last, which is given again unless it is stopped.
   * @returns `undefined` if there can be none more now.
   */
  park(event: EndEvent, before: Parking | undefined): Parking | undefined;
}

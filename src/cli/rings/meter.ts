/**
 * Measures the rates of rings and values between two looks.
 *
 * @module
 */

import type { InspectedPlace, ValidInspection } from "../../channel/inspection.ts";
import type { Kind, ListedObject } from "../objects/object.ts";
import { activityBetween } from "./activity.ts";
import type { FoundRings } from "./looker.ts";

/** A ring or a value in one interval: also the record for JSON. */
export interface RingRates {
  readonly name: string;
  readonly kind: Kind;
  /** Missing at the first look, and if another object has taken the name. */
  readonly messagesPerSecond?: number;
  readonly bytesPerSecond?: number;
  /** The bytes in a ring that its receiver has not given back. */
  readonly used?: number;
  readonly capacity?: number;
  /** The number of ends that sleep until something comes. */
  readonly waiting?: number;
  /** The number of readers that have waited at least once. */
  readonly readers?: number;
  readonly places?: readonly InspectedPlace[];
  /** The reason why the memory cannot be used, as a clause. */
  readonly problem?: string;
}

/** Compares each look with the one before. */
export class Meter {
  #before: FoundRings | undefined;
  #time = 0;

  /**
   * Returns the rates since the last look, the busiest first.
   *
   * @param time The time of the look in milliseconds.
   */
  measure(found: FoundRings, time: number): RingRates[] {
    const before = this.#before;
    const seconds = (time - this.#time) / 1000;
    [this.#before, this.#time] = [found, time];
    return [...found].map(([full, object]) => ratesOf(object, before, before?.get(full), seconds))
      .sort(busiestFirst);
  }
}

function ratesOf(
  { name, kind, channel, problem }: ListedObject,
  looks: FoundRings | undefined,
  before: ListedObject | undefined,
  seconds: number,
): RingRates {
  if (channel === undefined) {
    return { name, kind, ...(problem !== undefined && { problem }) };
  }
  // Memory that was corrupt, or the first look at all, is no beginning.
  const isComparable = looks !== undefined &&
    (before === undefined || before.channel !== undefined);
  const activity = isComparable ? activityBetween(before?.channel, channel) : undefined;
  return {
    name,
    kind,
    ...(activity !== undefined && {
      messagesPerSecond: round(activity.messages / seconds),
      bytesPerSecond: round(activity.bytes / seconds),
    }),
    ...stateOf(channel),
    places: channel.places,
  };
}

function stateOf(found: ValidInspection): Partial<RingRates> {
  if (found.kind === "ring") {
    const { used, capacity, receiverWaits, senderWaits } = found;
    return { used, capacity, waiting: Number(receiverWaits) + Number(senderWaits) };
  }
  const { waiting, waited: readers } = found.readers;
  return found.kind === "broadcast"
    ? { capacity: found.capacity, waiting, readers }
    : { waiting, readers };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function busiestFirst(a: RingRates, b: RingRates): number {
  return (b.bytesPerSecond ?? 0) - (a.bytesPerSecond ?? 0) ||
    (b.messagesPerSecond ?? 0) - (a.messagesPerSecond ?? 0) || (a.name < b.name ? -1 : 1);
}

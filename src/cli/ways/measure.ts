/**
 * Measures the ways to share data, with both ends in this thread.
 *
 * @module
 */

import { type Ends, openEnds } from "./ways.ts";
import type { WayName } from "./way_names.ts";

/** What was measured of a way. The keys are those of the JSON object. */
export interface Measurement {
  readonly way: WayName;
  /** The length of a message in bytes. */
  readonly byteLength: number;
  /** The number of messages that were measured. */
  readonly messages: number;
  /** Half of the messages took at most this time from end to end, in nanoseconds. */
  readonly p50: number;
  /** 99 of 100 messages took at most this time from end to end, in nanoseconds. */
  readonly p99: number;
  /** The number of messages per second, one after the other. */
  readonly perSecond: number;
}

/** The time that one way is measured for, in milliseconds: all ways take some seconds. */
const DURATION = 500;
/** The time before, in which V8 compiles the code, in milliseconds. */
const WARM_UP = 150;
/**
 * The time of one sample, in milliseconds. It is many times larger than the unit of the clock, so
 * fast messages are measured in groups.
 */
const SAMPLE = 0.2;
/** Maximum time for opening a way and for each of its messages, in milliseconds. */
const PATIENCE = 20_000;

/**
 * Measures a way. If a message takes less time than a clock can tell, the percentiles are those of
 * the mean times of small groups of messages.
 *
 * @param byteLength The length of a message in bytes.
 */
export async function measureWay(
  way: WayName,
  byteLength: number,
  signal: AbortSignal,
): Promise<Measurement> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  await using ends = await openEnds(way, `winipc-bench-${crypto.randomUUID()}`, byteLength, limit);
  const message = new Uint8Array(byteLength).fill(0x55);
  const warm = await passFor(ends, message, WARM_UP, 1, signal);
  const group = Math.max(1, Math.floor(SAMPLE / median(warm.times)));
  const { times, messages, elapsed } = await passFor(ends, message, DURATION, group, signal);
  const sorted = times.toSorted((a, b) => a - b);
  const percentile = (part: number) =>
    Math.round(1e6 * sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!);
  return {
    way,
    byteLength,
    messages,
    p50: percentile(0.5),
    p99: percentile(0.99),
    perSecond: Math.round(1000 * messages / elapsed),
  };
}

/** Passes messages for a time. Returns the mean time of a message in each group, in milliseconds. */
async function passFor(
  ends: Ends,
  message: Uint8Array<ArrayBuffer>,
  duration: number,
  group: number,
  signal: AbortSignal,
): Promise<{ times: number[]; messages: number; elapsed: number }> {
  const times: number[] = [];
  const begin = performance.now();
  let now = begin;
  while (now < begin + duration) {
    for (let count = 0; count < group; count++) {
      const passed = ends.pass(message);
      // Not awaited if it is there: an await costs more than a message through a ring.
      const { length } = passed instanceof Uint8Array ? passed : await passed;
      if (length !== message.length) {
        throw new Deno.errors.InvalidData(`Sent ${message.length} bytes, but received ${length}`);
      }
    }
    const end = performance.now();
    times.push((end - now) / group);
    now = end;
    if (times.length % 64 === 0) {
      // Lets Ctrl-C arrive. It is not measured.
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal.throwIfAborted();
      now = performance.now();
    }
  }
  const messages = times.length * group;
  return { times, messages, elapsed: group * times.reduce((sum, time) => sum + time, 0) };
}

function median(times: readonly number[]): number {
  return Math.max(1e-5, times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!);
}

/**
 * The tasks of the near end, which measures.
 *
 * @module
 */

import type { FrameVisitor } from "../link.ts";
import type { Histogram } from "../results.ts";
import {
  CREDIT_LENGTH,
  dataFrame,
  fill,
  isWhole,
  LAST,
  type Result,
  sequenceAt,
  setSequence,
  TASK,
} from "./frames.ts";
import { TimeCounter } from "./histogram.ts";
import { processorTime } from "./processor_time.ts";
import type { Wire } from "./wire.ts";

/** Bytes of the frames of each direction of a validation. */
const VALIDATED = 2 ** 22;
const MIN_VALIDATED = 4;
const MAX_VALIDATED = 256;
const MIN_TRIPS = 20;
/** The part of the time of trips that passes before the first timed trip. */
const WARM_UP = 1 / 4;
/** Frames of the first stream. No stream is shorter. */
const FIRST_STREAM = 16;
const MAX_STREAM = 2 ** 26;
/** Maximum streams of the wanted length. Most need one or two. */
const MAX_FULL_STREAMS = 6;
/** Maximum growth from one stream to the next, in case a time is much too short. */
const MAX_GROWTH = 16;

/** The length of the frames in bytes, and the time that the measurement takes. */
interface Amount {
  readonly length: number;
  readonly milliseconds: number;
}

/** The tasks of the near end. Each returns the answer for the harness. */
export const NEAR_TASKS = { validate, trips, stream, paced } as const;

async function validate(wire: Wire, { length }: Amount): Promise<{ frames: number }> {
  const fit = Math.floor(VALIDATED / length);
  const count = Math.max(MIN_VALIDATED, Math.min(MAX_VALIDATED, fit));
  await wire.sendControl({ task: TASK.validate, length, count });
  const frame = dataFrame(length);
  for (let number = 0; number < count; number++) {
    fill(frame, number);
    await wire.send(frame);
    if (!isWhole(await wire.receive(length), number)) throw wrongFrame(number);
  }
  await sendFrames(wire, { frame, first: count, count, write: fill });
  await wire.receiveResult(count * 2);
  return { frames: count * 2 };
}

/** Times round trips. The first trips are not timed, because their code is not compiled yet. */
async function trips(
  wire: Wire,
  { length, milliseconds }: Amount,
): Promise<{ trips: Histogram }> {
  await wire.sendControl({ task: TASK.trips, length, count: 0 });
  const { link } = wire;
  const frame = dataFrame(length);
  const counter = new TimeCounter();
  let count = 0;
  let isRight = false;
  const check: FrameVisitor = (bytes, offset, received) => {
    isRight = received === length && sequenceAt(bytes, offset) === count;
  };
  const begin = performance.now();
  const warm = begin + milliseconds * WARM_UP;
  const end = begin + milliseconds;
  while (counter.total < MIN_TRIPS || performance.now() < end) {
    isRight = false;
    setSequence(frame, count);
    const start = performance.now();
    const sent = link.send(frame);
    if (sent) await sent;
    link.flush?.();
    if (link.readAll) link.readAll(check);
    else {
      const coming = link.receive(length);
      const echo = coming instanceof Promise ? await coming : coming;
      check(echo, 0, echo.length);
    }
    const time = performance.now() - start;
    if (start >= warm) counter.add(time * 1e6);
    if (!isRight) throw wrongFrame(count);
    count++;
    wire.moved++;
  }
  setSequence(frame, LAST);
  await wire.send(frame);
  await wire.receiveResult(count);
  return { trips: counter.histogram() };
}

/**
 * Sends ever longer streams, and then streams of the wanted time. The first streams run code that
 * is not compiled yet, so a stream that they predict can be too short. Then a longer one follows.
 */
async function stream(
  wire: Wire,
  { length, milliseconds }: Amount,
): Promise<{ frames: number; nanoseconds: number }> {
  const wanted = milliseconds * 1e6;
  let count = FIRST_STREAM;
  let result = await sendStream(wire, length, count);
  while (result.nanoseconds < wanted / 5 && count < MAX_STREAM) {
    count *= 4;
    result = await sendStream(wire, length, count);
  }
  for (let streams = 0; streams < MAX_FULL_STREAMS; streams++) {
    const growth = Math.min(MAX_GROWTH, wanted / Math.max(result.nanoseconds, 1));
    count = Math.max(FIRST_STREAM, Math.min(MAX_STREAM, Math.round(count * growth)));
    result = await sendStream(wire, length, count);
    if (result.nanoseconds >= wanted / 2) break;
  }
  return { frames: result.frames, nanoseconds: result.nanoseconds };
}

async function sendStream(wire: Wire, length: number, count: number): Promise<Result> {
  await wire.sendControl({ task: TASK.stream, length, count });
  await sendFrames(wire, { frame: dataFrame(length), first: 0, count, write: setSequence });
  return await wire.receiveResult(count);
}

/**
 * Sends all frames that are due, and pauses for a millisecond. On Windows, such a pause of a script
 * can last 15.6 ms, and then up to 16 frames go at once.
 */
async function paced(wire: Wire, { length, milliseconds }: Amount): Promise<{
  frames: number;
  nanoseconds: number;
  nearProcessor: number;
  farProcessor: number;
}> {
  await wire.sendControl({ task: TASK.paced, length, count: 0 });
  const frame = dataFrame(length);
  const processorBefore = processorTime();
  const start = performance.now();
  let frames = 0;
  let passed = 0;
  while (passed < milliseconds) {
    if (frames < Math.floor(passed)) {
      await sendFrames(wire, { frame, first: frames++, count: 1, write: setSequence });
    } else {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    passed = performance.now() - start;
  }
  const nearProcessor = processorTime() - processorBefore;
  setSequence(frame, LAST);
  await wire.send(frame);
  const { processor } = await wire.receiveResult(frames);
  return { frames, nanoseconds: Math.round(passed * 1e6), nearProcessor, farProcessor: processor };
}

/** The data frames of a part of a one-way task. */
interface Part {
  /** The memory of the frame that is sent. */
  readonly frame: Uint8Array<ArrayBuffer>;
  /** The sequence number of the first frame of the part. */
  readonly first: number;
  readonly count: number;
  /** Writes a sequence number, and maybe all other bytes, into the frame. */
  readonly write: (frame: Uint8Array, sequence: number) => void;
}

/**
 * Sends frames one way. A credit must come after each frame whose sequence number plus 1 is a
 * multiple of the window.
 */
async function sendFrames(wire: Wire, { frame, first, count, write }: Part): Promise<void> {
  const { link } = wire;
  const window = wire.windowOf(frame.length);
  for (let number = first; number < first + count; number++) {
    write(frame, number);
    const sent = link.send(frame);
    if (sent) await sent;
    wire.moved++;
    if ((number + 1) % window === 0) {
      link.flush?.();
      await wire.receive(CREDIT_LENGTH);
    }
  }
  link.flush?.();
}

function wrongFrame(number: number): Error {
  return new Error(`The near end received frame ${number} wrong`);
}

/**
 * The tasks of the far end, which the near end drives by control frames.
 *
 * @module
 */

import type { FrameVisitor } from "../link.ts";
import {
  type Control,
  dataFrame,
  fill,
  isWhole,
  LAST,
  sequenceAt,
  setSequence,
  TASK,
} from "./frames.ts";
import { processorTime } from "./processor_time.ts";
import type { Wire } from "./wire.ts";

type Task = (wire: Wire, control: Control, time: () => number) => Promise<void>;

const TASKS: Readonly<Record<number, Task>> = {
  [TASK.validate]: validate,
  [TASK.trips]: trips,
  [TASK.stream]: stream,
  [TASK.paced]: paced,
};

/**
 * Serves the near end until it ends the pair.
 *
 * @param time Returns the processor time of this end in nanoseconds.
 */
export async function serve(wire: Wire, time: () => number = processorTime): Promise<void> {
  for (;;) {
    const control = await wire.receiveControl();
    if (control.task === TASK.end) return;
    const task = TASKS[control.task];
    if (task === undefined) throw new Error(`There is no task ${control.task}`);
    await task(wire, control, time);
  }
}

async function validate(wire: Wire, { length, count }: Control): Promise<void> {
  const frame = dataFrame(length);
  let bad: number | undefined;
  for (let number = 0; number < count; number++) {
    if (!isWhole(await wire.receive(length), number)) bad ??= number;
    fill(frame, number);
    await wire.send(frame);
  }
  const rest = await receiveFrames(wire, { length, first: count, count, check: isWhole });
  await wire.sendResult({
    ...rest,
    frames: count + rest.frames,
    processor: 0,
    bad: bad ?? rest.bad,
  });
}

async function trips(wire: Wire, { length }: Control): Promise<void> {
  const { link } = wire;
  const frame = dataFrame(length);
  let bad: number | undefined;
  let count = 0;
  let sequence = 0;
  const check: FrameVisitor = (bytes, offset, received) => {
    sequence = sequenceAt(bytes, offset);
    if (received !== length || sequence !== count && sequence !== LAST) bad ??= count;
  };
  for (;;) {
    if (link.readAll) link.readAll(check);
    else {
      const coming = link.receive(length);
      const received = coming instanceof Promise ? await coming : coming;
      check(received, 0, received.length);
    }
    if (sequence === LAST) break;
    setSequence(frame, sequence);
    const sent = link.send(frame);
    if (sent) await sent;
    link.flush?.();
    count++;
    wire.moved++;
  }
  await wire.sendResult({ nanoseconds: 0, processor: 0, frames: count, bad });
}

async function stream(wire: Wire, { length, count }: Control): Promise<void> {
  const received = await receiveFrames(wire, { length, first: 0, count, check: hasSequence });
  await wire.sendResult({ ...received, processor: 0 });
}

async function paced(wire: Wire, { length }: Control, time: () => number): Promise<void> {
  const before = time();
  const part = { length, first: 0, count: LAST, check: hasSequence };
  const received = await receiveFrames(wire, part);
  await wire.sendResult({ ...received, processor: time() - before });
}

/** The data frames of a one-way task. */
interface Part {
  readonly length: number;
  /** The sequence number of the first frame. */
  readonly first: number;
  /** Maximum number of frames. A frame with the sequence number LAST ends the task before. */
  readonly count: number;
  /** Returns whether a frame is right. */
  readonly check: (bytes: Uint8Array, sequence: number, offset: number, length: number) => boolean;
}

/**
 * Receives frames one way, and times them from the first to the last that arrives.
 *
 * If only the newest frames arrive, sequence numbers must grow and the last frame must arrive.
 * Frames that were overwritten before they arrived do not count.
 */
async function receiveFrames(
  wire: Wire,
  { length, first, count, check }: Part,
): Promise<{ nanoseconds: number; frames: number; bad: number | undefined }> {
  const { link, keepsAll } = wire;
  const window = wire.windowOf(length);
  const end = first + count;
  let bad: number | undefined;
  let start: number | undefined;
  let frames = 0;
  let next = first;
  let isLast = false;
  const take: FrameVisitor = (bytes, offset, received) => {
    wire.moved++;
    const sequence = sequenceAt(bytes, offset);
    if (sequence === LAST) {
      isLast = true;
      return;
    }
    const expected = !keepsAll && sequence > next && sequence < end ? sequence : next;
    if (received !== length || !check(bytes, expected, offset, length)) bad ??= next;
    start ??= performance.now();
    frames++;
    next = expected + 1;
  };
  while (next < end && !isLast) {
    if (link.readAll) link.readAll(take);
    else {
      const coming = link.receive(length);
      const frame = coming instanceof Promise ? await coming : coming;
      take(frame, 0, frame.length);
    }
    if (next % window === 0 && !isLast) await wire.sendCredit();
  }
  const now = performance.now();
  const nanoseconds = Math.round((now - (start ?? now)) * 1e6);
  return { nanoseconds, frames, bad };
}

function hasSequence(bytes: Uint8Array, sequence: number, offset: number): boolean {
  return sequenceAt(bytes, offset) === sequence;
}

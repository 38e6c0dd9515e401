/**
 * Frames all of whose bytes tell their number, so that a torn frame shows.
 *
 * @module
 */

import type { Frame, FrameReader, FrameWriter } from "../../../src/channel/mod.ts";

/** Maximum length of a marked frame in bytes. */
export const BYTE_LENGTH = 65_536;
/** Number of different frames that a check needs. */
const ENOUGH = 20;

/** Publishes a frame whose words, length and metadata follow from a mark. Returns false if dropped. */
export function publishMarked(writer: FrameWriter, mark: number): boolean {
  const bytes = writer.claim();
  if (bytes === undefined) return false;
  const length = lengthOf(mark);
  wordsOf(bytes).fill(mark, 0, length / 4);
  writer.publish({ mark }, { length });
  return true;
}

/** Returns the mark of a frame, or throws if a byte of it is from another frame. */
export function markOf(frame: Frame): number {
  const words = wordsOf(frame.bytes);
  const mark = words[0]!;
  const isWhole = words.length === lengthOf(mark) / 4 && words.every((word) => word === mark);
  if (!isWhole) {
    throw new Error(`Frame ${frame.number} is torn: ${words.length}, ${[...new Set(words)]}`);
  }
  const { metadata } = frame;
  const found = typeof metadata === "object" && metadata !== null && "mark" in metadata &&
    metadata.mark;
  if (found !== mark) throw new Error(`Frame ${frame.number} has the metadata of ${found}`);
  return mark;
}

/**
 * Checks frames for some milliseconds: some at once, some again after a while, because the writer
 * goes on meanwhile.
 *
 * @returns How many different frames were checked, or the error.
 */
export function checkFrames(reader: FrameReader, duration: number): string {
  const seen = new Set<number>();
  try {
    const start = performance.now();
    for (
      let count = 0, time = 0;
      time < duration || (seen.size <= ENOUGH && time < 20_000);
      count++
    ) {
      time = performance.now() - start;
      using frame = reader.acquire();
      if (frame === undefined) continue;
      const mark = markOf(frame);
      seen.add(mark);
      if (count % 16 !== 0) continue;
      for (let pause = 0; pause < 50_000; pause++) Atomics.pause();
      if (markOf(frame) !== mark) return "changed while it was held";
    }
  } catch (error) {
    return String(error);
  }
  return `${seen.size}`;
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length / 4);
}

function lengthOf(mark: number): number {
  return BYTE_LENGTH - (mark % 8) * 4096;
}

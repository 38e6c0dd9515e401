/**
 * Frames all of whose bytes tell their number, so that a torn frame shows.
 *
 * @module
 */

import type { Frame, FrameWriter } from "../../../src/channel/mod.ts";

/** Maximum length of a marked frame in bytes. */
export const BYTE_LENGTH = 65_536;

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

function wordsOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length / 4);
}

function lengthOf(mark: number): number {
  return BYTE_LENGTH - (mark % 8) * 4096;
}

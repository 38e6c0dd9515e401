/**
 * The frames of producers: 16 words. The first two words are the numbers of the producer and of the
 * frame. All other words follow from these numbers.
 *
 * @module
 */

/** Number of the words of a frame. */
export const FRAME_WORDS = 16;

/** Writes a frame. */
export function writeFrame(words: Int32Array, producer: number, number: number): void {
  words[0] = producer;
  words[1] = number;
  for (let at = 2; at < FRAME_WORDS; at++) words[at] = wordOf(producer, number, at);
}

/** Returns whether the words that follow from the numbers of the frame at `from` are right. */
export function isWhole(words: Int32Array, from: number): boolean {
  const producer = words[from]!;
  const number = words[from + 1]!;
  for (let at = 2; at < FRAME_WORDS; at++) {
    if (words[from + at] !== wordOf(producer, number, at)) return false;
  }
  return true;
}

function wordOf(producer: number, number: number, at: number): number {
  return number * 31 + producer * 7 + at | 0;
}

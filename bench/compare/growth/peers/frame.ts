/**
 * Frames whose first and last four bytes are their number.
 *
 * @module
 */

/** Writes the number of a frame. */
export function stamp(frame: Uint8Array, number: number): void {
  writeWord(frame, 0, number);
  writeWord(frame, frame.length - 4, number);
}

/**
 * Checks a frame.
 *
 * @throws {Deno.errors.InvalidData} If the frame has another length or number.
 */
export function check(frame: Uint8Array, length: number, number: number): void {
  const isRight = frame.length === length && readWord(frame, 0) === number &&
    readWord(frame, length - 4) === number;
  if (!isRight) throw new Deno.errors.InvalidData(`Expected frame ${number}, got another frame`);
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  for (let byte = 0; byte < 4; byte++) bytes[at + byte] = word >>> 8 * byte;
}

function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
}

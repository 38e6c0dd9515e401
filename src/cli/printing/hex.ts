/**
 * Writes bytes as lines of hexadecimal numbers and printable characters.
 *
 * @module
 */

/** The number of bytes of a line. */
export const LINE_LENGTH = 16;

/** The number of bytes between two wider gaps. */
const GROUP = 8;

/**
 * Returns a line for up to 16 bytes: the offset, the bytes, and their printable characters.
 *
 * @param mark Returns the text of a byte with a highlight, if the byte needs one.
 */
export function hexLine(
  bytes: Uint8Array,
  offset: number,
  mark: (text: string, index: number) => string = (text) => text,
): string {
  let numbers = "";
  let characters = "";
  for (let index = 0; index < LINE_LENGTH; index++) {
    const byte = bytes[index];
    const gap = index > 0 && index % GROUP === 0 ? "  " : index > 0 ? " " : "";
    numbers += gap +
      (byte === undefined ? "  " : mark(byte.toString(16).padStart(2, "0"), index));
    if (byte !== undefined) {
      characters += mark(byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".", index);
    }
  }
  return `${offset.toString(16).padStart(8, "0")}  ${numbers}  |${characters}|`;
}

/** Writes pieces of memory one after the other. A line that is equal to the last becomes `*`. */
export class HexLines {
  #last: Uint8Array | undefined;
  #isRepeating = false;

  /**
   * Returns the lines of the next piece.
   *
   * @param bytes The bytes. Only the last piece can have another length than a multiple of 16.
   * @param offset The offset of the first byte, as the lines show it.
   */
  piece(bytes: Uint8Array, offset: number): string[] {
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += LINE_LENGTH) {
      const line = bytes.subarray(at, at + LINE_LENGTH);
      const isSame = this.#last?.length === line.length &&
        line.every((byte, index) => byte === this.#last?.[index]);
      if (!isSame) lines.push(hexLine(line, offset + at));
      else if (!this.#isRepeating) lines.push("*");
      this.#last = line;
      this.#isRepeating = isSame;
    }
    return lines;
  }

  /** Returns the last line: the offset of the end. It shows how long a repetition was. */
  end(offset: number): string {
    return offset.toString(16).padStart(8, "0");
  }
}

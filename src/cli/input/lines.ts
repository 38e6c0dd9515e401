/**
 * Splits bytes into lines.
 *
 * @module
 */

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** The longest line in bytes. A longer line comes in parts, so that it cannot use up the memory. */
const MAX_LINE = 2 ** 24;

/** Collects bytes, and returns the lines that are complete, without their line breaks. */
export class LineSplitter {
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #length = 0;

  /** Adds bytes, and returns the lines that they complete. */
  add(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
    const lines: Uint8Array<ArrayBuffer>[] = [];
    let from = 0;
    for (let at; (at = bytes.indexOf(LINE_FEED, from)) >= 0; from = at + 1) {
      this.#keep(bytes.slice(from, at));
      lines.push(withoutReturn(this.#take()));
    }
    this.#keep(bytes.slice(from));
    if (this.#length > MAX_LINE) lines.push(this.#take());
    return lines;
  }

  /** Returns the line that has no line break at the end; `undefined` if there is none. */
  rest(): Uint8Array<ArrayBuffer> | undefined {
    return this.#length > 0 ? this.#take() : undefined;
  }

  #keep(part: Uint8Array<ArrayBuffer>): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#length += part.length;
  }

  #take(): Uint8Array<ArrayBuffer> {
    const line = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      line.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

function withoutReturn(line: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}

/**
 * A picture on the terminal that is drawn again and again at the same place.
 *
 * @module
 */

import { fitWidth } from "./columns.ts";
import type { Output } from "./output.ts";

/** Draws lines over the lines that it drew before. Lines that do not fit are cut. */
export class LivePicture {
  readonly #output: Output;
  #drawn = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Draws the picture in place of the last one. */
  draw(lines: readonly string[]): void {
    const { columns, rows } = this.#output.size;
    const visible = lines.slice(0, rows - 1).map((line) => `${fitWidth(line, columns)}\x1b[K\n`);
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    // The last code clears the lines of a longer picture.
    this.#output.write(`${up}${visible.join("")}\x1b[J`);
    this.#drawn = visible.length;
  }
}

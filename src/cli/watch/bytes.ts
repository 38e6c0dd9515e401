/**
 * Bytes that are looked at again and again.
 *
 * @module
 */

import { bold, yellow } from "@std/fmt/colors";
import { chooseRows, isFresh, type Watched } from "./watched.ts";
import { hexLine, LINE_LENGTH } from "../printing/hex.ts";

/** Changes with fewer equal bytes between them are reported as one. */
const GAP = 16;

/** Adjacent bytes that changed. */
interface Change {
  /** The offset in the section. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Bytes of a section without a schema, and their changes. */
export class WatchedBytes implements Watched {
  readonly #at: number;
  /** The time of each byte's last change. */
  #changedAt = new Float64Array(0);
  #bytes: Uint8Array | undefined;

  /** @param at The offset of the first byte in the section. */
  constructor(at: number) {
    this.#at = at;
  }

  update(bytes: Uint8Array<ArrayBuffer>, now: number): object | undefined {
    const before = this.#bytes;
    this.#bytes = bytes;
    if (before === undefined) {
      this.#changedAt = new Float64Array(bytes.length).fill(-Infinity);
      return { changes: [{ at: this.#at, bytes }] };
    }
    const changes = changesOf(before, bytes, this.#at);
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] !== before[at]) this.#changedAt[at] = now;
    }
    return changes.length > 0 ? { changes } : undefined;
  }

  picture(now: number, room: number): string[] {
    const bytes = this.#bytes ?? new Uint8Array();
    const starts = Array.from(
      { length: Math.ceil(bytes.length / LINE_LENGTH) },
      (_, line) => line * LINE_LENGTH,
    );
    const timesAt = (start: number) => this.#changedAt.subarray(start, start + LINE_LENGTH);
    return chooseRows(starts, (start) => Math.max(...timesAt(start)), room).map((start) => {
      const times = timesAt(start);
      const star = times.some((time) => isFresh(time, now)) ? yellow("*") : " ";
      const mark = (text: string, index: number) =>
        isFresh(times[index] ?? -Infinity, now) ? bold(yellow(text)) : text;
      const line = bytes.subarray(start, start + LINE_LENGTH);
      return `${star} ${hexLine(line, this.#at + start, mark)}`;
    });
  }
}

/** Returns the runs of changed bytes. */
function changesOf(before: Uint8Array, bytes: Uint8Array, offset: number): Change[] {
  const changes: Change[] = [];
  let [start, end] = [-1, -1];
  const close = () => {
    if (start >= 0) changes.push({ at: offset + start, bytes: bytes.subarray(start, end) });
  };
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === before[at]) continue;
    if (start < 0 || at - end >= GAP) {
      close();
      start = at;
    }
    end = at + 1;
  }
  close();
  return changes;
}

/**
 * Memory that is looked at again and again.
 *
 * @module
 */

/** The time for which a change is highlighted, in milliseconds. */
const HIGHLIGHT = 1000;

/** What is known about the memory after some looks. */
export interface Watched {
  /**
   * Takes the next copy of the memory.
   *
   * @param now The time of the copy, in milliseconds.
   * @returns What changed since the last copy, as the keys of a JSON document; everything for the
   *   first copy; `undefined` if nothing changed.
   * @throws {Deno.errors.InvalidData} If the memory contradicts itself.
   */
  update(bytes: Uint8Array<ArrayBuffer>, now: number): object | undefined;
  /**
   * Returns the lines for a terminal, with the changes of the last second highlighted.
   *
   * @param room The number of lines. If there are more, those that changed last are returned.
   */
  picture(now: number, room: number): string[];
}

/** Returns whether a change is highlighted. */
export function isFresh(changedAt: number, now: number): boolean {
  return now - changedAt < HIGHLIGHT;
}

/**
 * Chooses the rows that changed last, in the order of the memory.
 *
 * @param changedAt Returns the time of a row's last change; `-Infinity` for none.
 */
export function chooseRows<T>(
  rows: readonly T[],
  changedAt: (row: T, index: number) => number,
  room: number,
): T[] {
  if (rows.length <= room) return [...rows];
  const ranked = rows.map((row, index) => ({ row, index, time: changedAt(row, index) }));
  // The sort is stable, so rows that never changed stay in their order.
  ranked.sort((a, b) => a.time === b.time ? 0 : b.time - a.time);
  const chosen = ranked.slice(0, Math.max(room, 0));
  return chosen.sort((a, b) => a.index - b.index).map(({ row }) => row);
}

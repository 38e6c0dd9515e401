/**
 * Ids of processes and threads.
 *
 * @module
 */

/**
 * Throws unless a number can be the id of a process or a thread. All are multiples of 4; Windows ignores the
 * two lowest bits, and would open another one for any other number.
 *
 * @throws {Deno.errors.NotFound} If it is no multiple of 4.
 */
export function assertKernelId(noun: "process" | "thread", id: number): void {
  if (id % 4 === 0) return;
  throw new Deno.errors.NotFound(
    `Cannot open ${noun} ${id}: there is no such ${noun}; ${noun} ids are multiples of 4`,
  );
}

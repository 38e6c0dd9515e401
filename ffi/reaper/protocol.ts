/**
 * The data that a Worker shares with its reaper.
 *
 * @module
 */

/**
 * The kind of a noted resource, in the two lowest bits of the note. These bits are free: handles
 * and the addresses of operations are multiples of 4, and a class atom is shifted.
 */
export const RESOURCE = { handle: 0n, operation: 1n, windowClass: 2n } as const;

/**
 * The offsets in an operation's memory, in bytes: its `OVERLAPPED`, the file's handle, and the
 * data.
 */
export const OPERATION = { overlapped: 0, file: 32, data: 4096 } as const;

/** The `workerData` of the reaper. */
export interface ReaperData {
  /** The resources that the Worker has noted, with their kinds in the lowest bits. */
  notes: BigUint64Array<SharedArrayBuffer>;
  /** A handle of the Worker's thread. The reaper closes it. */
  worker: bigint;
}

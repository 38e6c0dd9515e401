/**
 * A way to share data, as the comparison uses it: two ends that exchange frames of bytes.
 *
 * @module
 */

/** The side of an end. The near end measures, and the far end serves it. */
export type Side = "near" | "far";

/** Gets a frame in place: `length` bytes, which begin at `offset` in `bytes`. */
export type FrameVisitor = (bytes: Uint8Array, offset: number, length: number) => void;

/** One end of a way that is open. */
export interface Link {
  /**
   * Sends a frame. The link does not use the frame after it returns, or after its promise resolves.
   */
  send(frame: Uint8Array<ArrayBuffer>): void | Promise<unknown>;
  /**
   * Waits for the next frame.
   *
   * @param length The length of the frame in bytes, which both ends know.
   * @returns The frame, which is valid until the next call of this link.
   */
  receive(length: number): Uint8Array | Promise<Uint8Array>;
  /**
   * Waits until a frame has come, and shows all frames that have come, without copies. Measurements
   * call `readAll()` instead of `receive()` if a link has it.
   *
   * @param visit Gets each frame, whose memory is valid until `visit` returns.
   */
  readAll?(visit: FrameVisitor): void;
  /** Publishes the frames that this end has sent, if `send()` does not publish them. */
  flush?(): void;
  /** Closes everything that this end has opened. */
  close(): void | Promise<void>;
  /** Whether every frame arrives. Otherwise, only the newest one arrives. @default true */
  readonly keepsAll?: boolean;
  /**
   * Returns the number of frames of a length that this end may send before a credit comes. A link
   * whose `send()` waits for a slow peer has no window.
   */
  window?(length: number): number;
}

/** A way that a program offers. */
export interface WayOfProgram {
  /**
   * Opens an end. The far end starts first, and calls `ready()` when the near end can start.
   *
   * @param name A name that no other pair has, of letters, digits and hyphens.
   */
  open(side: Side, name: string, ready: () => void): Link | Promise<Link>;
}

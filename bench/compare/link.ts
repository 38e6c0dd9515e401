/**
 * A way to share data, as the comparison uses it: two ends that exchange frames of bytes.
 *
 * @module
 */

/** The side of an end. The near end measures, and the far end serves it. */
export type Side = "near" | "far";

/** Gets a frame in the memory where it is. */
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
   * @param length The length of the frame in bytes. Both ends know it.
   * @returns The frame. It is valid until the next call of this link.
   */
  receive(length: number): Uint8Array | Promise<Uint8Array>;
  /**
   * Waits until a frame is there, and shows all that are there without a copy. A measurement uses
   * this in place of `receive()` where a link has it.
   *
   * @param visit Gets the memory of each frame. It is valid until `visit` returns.
   */
  readAll?(visit: FrameVisitor): void;
  /** Lets the peer see the frames that this end has sent, if `send()` does not do that. */
  flush?(): void;
  /** Closes everything that this end has opened. */
  close(): void | Promise<void>;
  /** Whether every frame arrives. Otherwise, only the newest does. @default true */
  readonly keepsAll?: boolean;
  /**
   * Returns how many frames of a length this end may send before the peer has received them. A link
   * whose `send()` waits while the peer is too slow does not have this.
   */
  window?(length: number): number;
}

/** A way that a program offers. */
export interface WayOfProgram {
  /**
   * Opens an end. The far end is started first. It calls `ready()` when the near end can start.
   *
   * @param name A name that no other pair has, of letters, digits and hyphens.
   */
  open(side: Side, name: string, ready: () => void): Link | Promise<Link>;
}

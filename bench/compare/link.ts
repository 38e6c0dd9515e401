/**
 * A way to share data, as the comparison uses it: two ends that exchange frames of bytes.
 *
 * @module
 */

/** The side of an end. The near end measures, and the far end serves it. */
export type Side = "near" | "far";

/** One end of a way that is open. */
export interface Link {
  /**
   * Sends a frame. The link does not use the frame after it returns, or after its promise resolves.
   */
  send(frame: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /**
   * Waits for the next frame.
   *
   * @param length The length of the frame in bytes. Both ends know it.
   * @returns The frame. It is valid until the next call of this link.
   */
  receive(length: number): Uint8Array | Promise<Uint8Array>;
  /** Lets the peer see the frames that this end has sent, if `send()` does not do that. */
  flush?(): void;
  /** Closes everything that this end has opened. */
  close(): void | Promise<void>;
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

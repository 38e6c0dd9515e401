/**
 * WM_COPYDATA between the windows of two listeners.
 *
 * @module
 */

import {
  CopyDataListener,
  findWindow,
  sendCopyDataSync,
  type WindowInfo,
} from "../../../../mod.ts";
import type { Link, Side, WayOfProgram } from "../../link.ts";
import { PATIENCE } from "../watchdog.ts";
import { windowOf } from "../window.ts";

const LIMIT = { timeout: PATIENCE };

/** Calls `sendCopyDataSync()`. The listener of the peer answers at once, and keeps the frame. */
export const copyData: WayOfProgram = {
  async open(side, name) {
    const classOf = (from: Side) => `${name}-${from}`;
    const listener = await CopyDataListener.open({ class: classOf(side) });
    const link = new CopyDataLink(listener, classOf(side === "near" ? "far" : "near"));
    if (side === "near") await link.findPeer();
    return link;
  },
};

class CopyDataLink implements Link {
  /** The listener refuses frames if too many wait. */
  readonly window = windowOf;
  readonly #listener: CopyDataListener;
  readonly #peerClass: string;
  #peer: WindowInfo | undefined;

  constructor(listener: CopyDataListener, peerClass: string) {
    this.#listener = listener;
    this.#peerClass = peerClass;
  }

  send(frame: Uint8Array<ArrayBuffer>): void | Promise<void> {
    if (this.#peer === undefined) return this.findPeer().then((peer) => sendFrame(peer, frame));
    sendFrame(this.#peer, frame);
  }

  /** Finds the window of the peer. The far end does so before its first frame. */
  async findPeer(): Promise<WindowInfo> {
    return this.#peer = await findWindow({ class: this.#peerClass, ...LIMIT });
  }

  async receive(): Promise<Uint8Array> {
    const message = await this.#listener.receive();
    if (message === undefined) throw new Error("The listener is closed");
    return message.bytes;
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }
}

function sendFrame(window: WindowInfo, frame: Uint8Array<ArrayBuffer>): void {
  if (sendCopyDataSync(window, frame, LIMIT) === 1n) return;
  throw new Error(
    `The window refused a frame of ${frame.length} bytes. On Wine, the limit is about 768 KiB`,
  );
}

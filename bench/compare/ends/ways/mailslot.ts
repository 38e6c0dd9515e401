/**
 * Two mailslots, one for each direction.
 *
 * @module
 */

import { Mailslot, type MailslotSender, openMailslot } from "../../../../mod.ts";
import type { Link, Side, WayOfProgram } from "../../link.ts";
import { windowOf } from "../window.ts";

/** Each end creates the mailslot in which it receives. */
export const mailslot: WayOfProgram = {
  open(side, name) {
    const nameFor = (to: Side) => `${name}-to-${to}`;
    const link = new MailslotLink(
      Mailslot.create(nameFor(side)),
      nameFor(side === "near" ? "far" : "near"),
    );
    if (side === "near") link.openPeer();
    return link;
  },
};

class MailslotLink implements Link {
  /** A mailslot keeps any number of messages. */
  readonly window = windowOf;
  readonly #mailslot: Mailslot;
  readonly #peerName: string;
  #sender: MailslotSender | undefined;

  constructor(mailslot: Mailslot, peerName: string) {
    this.#mailslot = mailslot;
    this.#peerName = peerName;
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    const sender = this.#sender ?? this.openPeer();
    sender.send(frame);
  }

  /** Opens the mailslot of the peer. The far end does so before its first frame. */
  openPeer(): MailslotSender {
    return this.#sender = openMailslot(this.#peerName);
  }

  async receive(): Promise<Uint8Array> {
    return await this.#mailslot.receive();
  }

  close(): void {
    this.#sender?.close();
    this.#mailslot.close();
  }
}

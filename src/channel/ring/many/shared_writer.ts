/**
 * The senders' side of a ring that many of them share.
 *
 * @module
 */

import { headerWordsOf, type RingSettings } from "../layout.ts";
import { FULL, LOCKED, RingWriter, type Writer } from "../writer.ts";
import { ProducerLock, type ProducerLockOptions } from "./producer_lock.ts";

/**
 * Writes messages into a ring, for one of many senders. A sender has the producer lock from claim to
 * commit, and publishes each message at once. So a sender that dies before it has committed has changed
 * nothing.
 */
export class SharedWriter implements Writer {
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly maxMessageLength: number;
  readonly #writer: RingWriter;
  readonly #lock: ProducerLock;

  /** @param settings What the header said when it was checked. */
  constructor(buffer: ArrayBuffer, settings: RingSettings, options: ProducerLockOptions) {
    this.#lock = new ProducerLock(headerWordsOf(buffer), options);
    this.#writer = new RingWriter(buffer, settings);
    this.ring = this.#writer.ring;
    this.maxMessageLength = this.#writer.maxMessageLength;
  }

  get claimed(): number {
    return this.#writer.claimed;
  }

  get count(): number {
    return this.#writer.count;
  }

  get holder(): string | undefined {
    return this.#lock.holder;
  }

  /** Claims nothing: without the lock, no room is known. */
  claimNear(): number {
    return FULL;
  }

  claim(length: number): number {
    if (!this.#lock.take()) return LOCKED;
    let offset = FULL;
    try {
      this.#writer.refresh();
      offset = this.#writer.claim(length);
    } finally {
      if (offset < 0) this.#lock.give();
    }
    return offset;
  }

  shorten(length: number): void {
    this.#writer.shorten(length);
  }

  commit(): number {
    const due = this.#writer.commit(true);
    this.#lock.give();
    return due;
  }

  abort(): void {
    this.#writer.abort();
    this.#lock.give();
  }

  /** Writes nothing: without the lock, no room is known. */
  writeNear(): number {
    return FULL;
  }

  write(bytes: Uint8Array): number {
    try {
      return this.#writer.write(bytes, true);
    } finally {
      this.#lock.give();
    }
  }

  findRoom(length: number): boolean {
    return this.#lock.check() && this.#writer.seemsToHaveRoom(length);
  }

  /** Publishes nothing: each message is published when it is committed. */
  publish(): boolean {
    return false;
  }
}

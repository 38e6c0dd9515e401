/**
 * The senders' side of a ring that many of them share.
 *
 * @module
 */

import type { RingSettings } from "./ring_header.ts";
import { RingWriter, type Writer, type WriterCalls } from "./ring_writer.ts";
import { SendTurn } from "./send_turn.ts";

/** What the writer of one of many senders calls. */
export interface SharedWriterCalls extends WriterCalls {
  /** When another sender may have its turn. */
  over(): void;
}

/**
 * Writes messages into a ring, for one of many senders: each message in a turn of its own, and told
 * to the receiver at once. So a sender that dies before it has committed has changed nothing.
 */
export class SharedWriter implements Writer {
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly maxMessageLength: number;
  /** Everything is told at once. */
  readonly isPending = false;
  readonly #writer: RingWriter;
  readonly #turn: SendTurn;
  readonly #calls: SharedWriterCalls;

  /**
   * @param buffer The memory.
   * @param settings What its header said when it was checked.
   * @param index Which of the senders' places is this one's.
   * @param calls What it calls.
   */
  constructor(
    buffer: ArrayBuffer,
    settings: RingSettings,
    index: number,
    calls: SharedWriterCalls,
  ) {
    this.#turn = new SendTurn(buffer, index);
    this.#writer = new RingWriter(buffer, settings, calls);
    this.#calls = calls;
    this.ring = this.#writer.ring;
    this.maxMessageLength = this.#writer.maxMessageLength;
  }

  claim(length: number): number {
    if (!this.#turn.take()) return -1;
    let offset = -1;
    try {
      this.#writer.refresh();
      offset = this.#writer.claim(length);
    } finally {
      if (offset < 0) this.abort();
    }
    return offset;
  }

  commit(length: number): void {
    this.#writer.commit(length);
    if (this.#writer.isPending) this.#writer.publish();
    this.abort();
  }

  abort(): void {
    this.#turn.give();
    this.#calls.over();
  }

  write(bytes: Uint8Array): boolean {
    const offset = this.claim(bytes.length);
    if (offset < 0) return false;
    this.ring.set(bytes, offset);
    this.commit(bytes.length);
    return true;
  }

  hasRoom(length: number): boolean {
    return this.#turn.isFree && this.#writer.seemsToHaveRoom(length);
  }

  publish(): void {}
}

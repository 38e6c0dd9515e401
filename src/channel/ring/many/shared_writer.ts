/**
 * The senders' side of a ring that many of them share.
 *
 * @module
 */

import type { RingSettings } from "../layout.ts";
import { RingWriter, type Writer, type WriterCalls } from "../writer.ts";
import { ProducerLock } from "./producer_lock.ts";

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
  readonly #writer: RingWriter;
  readonly #turn: ProducerLock;
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
    this.#turn = new ProducerLock(buffer, index);
    const nothing = () => {};
    const { told } = calls;
    this.#writer = new RingWriter(buffer, settings, { begin: nothing, pending: nothing, told });
    this.#calls = calls;
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
    return this.#turn.holder;
  }

  claim(length: number): number {
    this.#calls.begin();
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

  shorten(length: number): void {
    this.#writer.shorten(length);
  }

  commit(): void {
    try {
      this.#writer.commit(true);
    } finally {
      this.#endTurn();
    }
  }

  abort(): void {
    this.#writer.abort();
    this.#endTurn();
  }

  write(bytes: Uint8Array): boolean {
    this.#calls.begin();
    if (!this.#turn.take()) return false;
    try {
      this.#writer.refresh();
      return this.#writer.write(bytes, true);
    } finally {
      this.#endTurn();
    }
  }

  hasRoom(length: number): boolean {
    return this.#turn.isFree && this.#writer.seemsToHaveRoom(length);
  }

  /** Does nothing: everything is told at once. */
  publish(): void {}

  #endTurn(): void {
    this.#turn.give();
    this.#calls.over();
  }
}

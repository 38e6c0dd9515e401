/**
 * Links over WM_COPYDATA. Each end has a window of its own. The window's thread answers at once, so
 * that a busy script delays no sender.
 *
 * @module
 */

import type { CopyDataListener } from "../../messages/listen/listener.ts";
import type { CopyDataMessage, MessageSender } from "../../messages/listen/message.ts";
import { sendCopyData } from "../../messages/send/message.ts";
import type { ProcessWatch } from "../../sync/process_watch.ts";
import {
  Cancellation,
  deadlineAfter,
  timeLeft,
  type WaitOptions,
  within,
} from "../../wait/options.ts";
import { Lock } from "../../wait/queue.ts";
import type { LinkPeer } from "../link.ts";
import { decodeFrom, encodeFor } from "./content.ts";
import { MAX_PART, WINDOW_KINDS, WindowFrame } from "./window_frame.ts";
import type { Transport } from "./transport.ts";

/** Time for one attempt to deliver a message, in milliseconds. */
const ATTEMPT = 5000;
/** Maximum pause before a window is asked again that had no room, in milliseconds. */
const MAX_PAUSE = 32;
/** Time for the peer to take the last messages when the link is closed, in milliseconds. */
const MAX_DRAIN = 5000;

/** The two ends of a link, after the handshake. */
export interface WindowEnds {
  /** This end's window. The link closes it. */
  readonly listener: CopyDataListener;
  /** The number that messages to this end carry. */
  readonly token: number;
  /** The peer's window. */
  readonly peer: MessageSender;
  /** The number that messages to the peer carry. */
  readonly peerToken: number;
  /** This end's maximum length of an encoded value, in bytes. */
  readonly max: number;
  /** The peer's maximum length of an encoded value, in bytes. */
  readonly peerMax: number;
  /** Waits for the end of the peer's process. The link closes it. */
  readonly watch: ProcessWatch;
}

/** Carries encoded values by WM_COPYDATA. */
export class WindowTransport implements Transport<Uint8Array> {
  readonly label: string;
  readonly peer: LinkPeer;
  readonly #ends: WindowEnds;
  readonly #lock = new Lock((timeout) => this.#late(timeout));
  /** Aborted with the error when the peer is known to be dead. */
  readonly #death = new AbortController();
  /** Aborted when the link is closed, or the peer is dead. It ends what waits for the peer. */
  readonly #over = new AbortController();
  /** The number of the last message that was sent. */
  #sent = 0;
  /** The number of the last message that has arrived. */
  #received = 0;
  /** The parts of a value that has not arrived whole, and their length in bytes. */
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #length = 0;

  constructor(ends: WindowEnds) {
    const { watch } = ends;
    this.#ends = ends;
    this.label = `link over WM_COPYDATA to process ${watch.pid}`;
    this.peer = {
      pid: watch.pid,
      get imagePath() {
        return ends.peer.path;
      },
    };
    watch.wait().then(
      (code) => this.#die(`its process has ended with the exit code ${code}`),
      () => {},
    );
  }

  encode(value: unknown): Uint8Array {
    const { peerMax: max } = this.#ends;
    return encodeFor(this.label, value, { max, remedy: "raise maxMessageLength of the peer" });
  }

  decode(content: Uint8Array<ArrayBuffer>): unknown {
    return decodeFrom(this.label, content);
  }

  async send(content: Uint8Array, options: WaitOptions): Promise<void> {
    await this.#send("message", content, options);
  }

  async receive(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      const message = await this.#next();
      const { token, peer } = this.#ends;
      // Any program can send to this window, and name any sender. The number is known to the peer.
      if (message.id !== BigInt(token) || message.sender.handle !== peer.handle) continue;
      const found = this.#read(message.bytes);
      if (found === "none") continue;
      return found === "end" ? undefined : found;
    }
  }

  async close(): Promise<void> {
    const ended = this.#send("end", new Uint8Array(), {});
    await within(ended.catch(() => {}), MAX_DRAIN);
    await this.abort();
  }

  async abort(): Promise<void> {
    using _watch = this.#ends.watch;
    this.#over.abort();
    await this.#ends.listener.close();
  }

  hold(isHeld: boolean): void {
    const { listener, watch } = this.#ends;
    if (isHeld) {
      listener.ref();
      watch.ref();
    } else {
      listener.unref();
      watch.unref();
    }
  }

  /** Waits for the next message, from whichever window. */
  async #next(): Promise<CopyDataMessage> {
    const { listener } = this.#ends;
    const { signal } = this.#death;
    let message: CopyDataMessage | undefined;
    try {
      message = await listener.receive(signal.aborted ? { timeout: 0 } : { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      // The window's thread still has what it took before the peer's death.
      if (listener.stats.waiting === 0) throw signal.reason;
      message = await listener.receive({ timeout: ATTEMPT });
    }
    if (message !== undefined) return message;
    throw new Deno.errors.ConnectionReset(
      `The ${this.label} ended: another program has closed this end's window`,
    );
  }

  /**
   * Checks the bytes of a message.
   *
   * @returns The content of a value, if this was its last part; `"none"` for another part, or for a
   *   message that has come twice.
   */
  #read(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | "end" | "none" {
    const { part, message, end } = WINDOW_KINDS;
    const start = bytes.length < WindowFrame.byteLength ? undefined : WindowFrame.read(bytes);
    if (start === undefined || ![part, message, end].some((kind) => kind === start.kind)) {
      throw this.#invalid(`the peer has sent ${bytes.length} bytes that are no frame`);
    }
    const expected = this.#received + 1 >>> 0;
    if (start.sequence === this.#received && expected !== 1) return "none";
    if (start.sequence !== expected) {
      throw this.#invalid(`expected message ${expected} of the peer, got ${start.sequence}`);
    }
    this.#received = expected;
    if (start.kind === end) return "end";
    // A copy, because Deno decodes typed arrays wrongly if the bytes do not begin their buffer.
    const content = bytes.slice(WindowFrame.byteLength);
    this.#length += content.length;
    const { max } = this.#ends;
    if (this.#length > max) {
      throw this.#invalid(
        `the peer has sent a value of more than ${max} bytes; raise maxMessageLength if such ` +
          "values are right",
      );
    }
    if (start.kind === message && this.#parts.length === 0) {
      this.#length = 0;
      return content;
    }
    this.#parts.push(content);
    return start.kind === message ? this.#join() : "none";
  }

  /** Joins the parts of a value. */
  #join(): Uint8Array<ArrayBuffer> {
    const content = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      content.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return content;
  }

  async #send(
    kind: "message" | "end",
    content: Uint8Array,
    { timeout = Infinity, signal }: WaitOptions,
  ): Promise<void> {
    const deadline = deadlineAfter(timeout);
    if (!this.#lock.tryAcquire()) {
      await this.#lock.acquire({ timeout, ...(signal && { signal }) });
    }
    const isStoppable = timeout !== Infinity || signal !== undefined;
    const stop = isStoppable ? new AbortController() : undefined;
    const delivered = this.#deliverAll(kind, content, stop?.signal).finally(() =>
      this.#lock.release()
    );
    if (stop === undefined) return await delivered;
    using _ = new Cancellation({
      timeout: timeLeft(deadline),
      onTimeout: () => stop.abort(this.#late(timeout)),
      signal,
      onAbort: (reason) => stop.abort(reason),
    });
    await unlessStopped(delivered, stop.signal);
  }

  /**
   * Delivers the parts of a value.
   *
   * @param stop Stops the delivery, unless the peer may have got a part. Half a value would end the
   *   link.
   */
  async #deliverAll(
    kind: "message" | "end",
    content: Uint8Array,
    stop: AbortSignal | undefined,
  ): Promise<void> {
    for (let at = 0, first = stop;; at += MAX_PART, first = undefined) {
      const isLast = at + MAX_PART >= content.length;
      const part = content.subarray(at, at + MAX_PART);
      const frame = new Uint8Array(WindowFrame.byteLength + part.length);
      const sequence = this.#sent + 1 >>> 0;
      WindowFrame.write(frame, { kind: WINDOW_KINDS[isLast ? kind : "part"], sequence });
      frame.set(part, WindowFrame.byteLength);
      await this.#deliver(frame, first);
      this.#sent = sequence;
      if (isLast) return;
    }
  }

  /**
   * Delivers a message, however often it takes. A message that the peer may have got is delivered
   * in any case: its number would be missing otherwise.
   *
   * @param stop Stops the delivery of a message that the peer cannot have got.
   */
  async #deliver(frame: Uint8Array, stop: AbortSignal | undefined): Promise<void> {
    const { listener, peer, peerToken } = this.#ends;
    const { signal } = this.#over;
    let isInDoubt = false;
    for (let pause = 1;; pause = Math.min(2 * pause, MAX_PAUSE)) {
      this.#assertOpen();
      try {
        const options = { id: peerToken, from: listener, timeout: ATTEMPT, signal };
        if (await sendCopyData(peer, frame, options) !== 0n) return;
      } catch (error) {
        this.#assertOpen();
        if (error instanceof Deno.errors.NotFound) throw this.#die("its window is gone", error);
        // A process that is suspended does not answer, and may find the message later.
        if (!(error instanceof Deno.errors.TimedOut)) throw error;
        isInDoubt = true;
      }
      if (!isInDoubt) stop?.throwIfAborted();
      await this.#pause(pause, isInDoubt ? undefined : stop);
    }
  }

  /** Waits until the peer may have room. */
  async #pause(timeout: number, stop: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    using _closing = new Cancellation({ signal: this.#over.signal, onAbort: () => resolve() });
    using _ = new Cancellation({ timeout, onTimeout: resolve, signal: stop, onAbort: reject });
    await promise;
  }

  #die(why: string, cause?: Error): Deno.errors.ConnectionReset {
    const error = new Deno.errors.ConnectionReset(
      `The ${this.label} ended: ${why}`,
      cause && { cause },
    );
    this.#death.abort(error);
    this.#over.abort();
    return error;
  }

  #invalid(why: string): Deno.errors.InvalidData {
    return new Deno.errors.InvalidData(`The ${this.label} was closed: ${why}`);
  }

  #assertOpen(): void {
    this.#death.signal.throwIfAborted();
    if (!this.#over.signal.aborted) return;
    throw new Deno.errors.BadResource(`The ${this.label} is closed`);
  }

  #late(timeout: number): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms to send over the ${this.label}: the peer does not read, or does not ` +
        "answer",
    );
  }
}

/** Waits for a delivery, or for the signal that stops the wait for it. */
async function unlessStopped(delivered: Promise<void>, stop: AbortSignal): Promise<void> {
  delivered.catch(() => {});
  const stopped = Promise.withResolvers<never>();
  using _ = new Cancellation({ signal: stop, onAbort: stopped.reject });
  await Promise.race([delivered, stopped.promise]);
}

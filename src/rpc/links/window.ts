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
import { WINDOW_KINDS, WindowFrame } from "./window_frame.ts";
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
  /** Aborted when the link is closed. */
  readonly #closing = new AbortController();
  /** The number of the last message that was sent. */
  #sent = 0;
  /** The number of the last message that has arrived. */
  #received = 0;

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
    await this.#send(WINDOW_KINDS.message, content, options);
  }

  async receive(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      const message = await this.#next();
      const { token, peer } = this.#ends;
      // Any program can send to this window, and name any sender. The number is known to the peer.
      if (message.id !== BigInt(token) || message.sender.handle !== peer.handle) continue;
      const found = this.#read(message.bytes);
      if (found === "again") continue;
      return found === "end" ? undefined : found;
    }
  }

  async close(): Promise<void> {
    const ended = this.#send(WINDOW_KINDS.end, new Uint8Array(), {});
    await within(ended.catch(() => {}), MAX_DRAIN);
    await this.abort();
  }

  async abort(): Promise<void> {
    using _watch = this.#ends.watch;
    this.#closing.abort();
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

  /** Checks the bytes of a message, and returns the content. A repeated message is `"again"`. */
  #read(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | "end" | "again" {
    const { message, end } = WINDOW_KINDS;
    const start = bytes.length < WindowFrame.byteLength ? undefined : WindowFrame.read(bytes);
    if (start === undefined || start.kind !== message && start.kind !== end) {
      throw new Deno.errors.InvalidData(
        `The ${this.label} was closed: the peer has sent ${bytes.length} bytes that are no frame`,
      );
    }
    if (start.sequence === this.#received && start.sequence !== 0) return "again";
    const expected = this.#received + 1 >>> 0;
    if (start.sequence !== expected) {
      throw new Deno.errors.InvalidData(
        `The ${this.label} was closed: expected message ${expected} of the peer, got message ` +
          `${start.sequence}`,
      );
    }
    this.#received = expected;
    // A copy, because Deno decodes typed arrays wrongly if the bytes do not begin their buffer.
    return start.kind === end ? "end" : bytes.slice(WindowFrame.byteLength);
  }

  async #send(kind: number, content: Uint8Array, options: WaitOptions): Promise<void> {
    const { timeout = Infinity, signal } = options;
    const deadline = deadlineAfter(timeout);
    if (!this.#lock.tryAcquire()) await this.#lock.acquire(options);
    const frame = new Uint8Array(WindowFrame.byteLength + content.length);
    WindowFrame.write(frame, { kind, sequence: this.#sent + 1 >>> 0 });
    frame.set(content, WindowFrame.byteLength);
    const stop = new AbortController();
    const delivered = this.#deliver(frame, stop.signal).finally(() => this.#lock.release());
    using _ = new Cancellation({
      timeout: timeLeft(deadline),
      onTimeout: () => stop.abort(this.#late(timeout)),
      signal,
      onAbort: (reason) => stop.abort(reason),
    });
    await unlessStopped(delivered, stop.signal);
  }

  /**
   * Delivers a message, however often it takes. A message that the peer may have got is delivered
   * in any case: its number would be missing otherwise.
   *
   * @param stop Stops the delivery of a message that the peer cannot have got.
   */
  async #deliver(frame: Uint8Array, stop: AbortSignal): Promise<void> {
    const { listener, peer, peerToken } = this.#ends;
    let isInDoubt = false;
    for (let pause = 1;; pause = Math.min(2 * pause, MAX_PAUSE)) {
      this.#death.signal.throwIfAborted();
      this.#assertOpen();
      try {
        const { signal } = this.#closing;
        const options = { id: peerToken, from: listener, timeout: ATTEMPT, signal };
        if (await sendCopyData(peer, frame, options) !== 0n) break;
      } catch (error) {
        this.#assertOpen();
        if (error instanceof Deno.errors.NotFound) {
          throw this.#die("its window is gone", error);
        }
        // A process that is suspended does not answer, and may find the message later.
        if (!(error instanceof Deno.errors.TimedOut)) throw error;
        isInDoubt = true;
      }
      if (!isInDoubt) stop.throwIfAborted();
      await this.#pause(pause, isInDoubt ? undefined : stop);
    }
    this.#sent = this.#sent + 1 >>> 0;
  }

  /** Waits until the peer may have room. */
  async #pause(timeout: number, stop: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    using _closing = new Cancellation({ signal: this.#closing.signal, onAbort: () => resolve() });
    using _ = new Cancellation({ timeout, onTimeout: resolve, signal: stop, onAbort: reject });
    await promise;
  }

  #die(why: string, cause?: Error): Deno.errors.ConnectionReset {
    const error = new Deno.errors.ConnectionReset(
      `The ${this.label} ended: ${why}`,
      cause && { cause },
    );
    this.#death.abort(error);
    return error;
  }

  #assertOpen(): void {
    if (!this.#closing.signal.aborted) return;
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

/**
 * Delivers the messages of a source to a stream, at least once and in order.
 *
 * A message stays in the source until the stream has acknowledged it. Each message names the one
 * before it (`Nats-Expected-Last-Msg-Id`), so the stream refuses a message whose predecessor it
 * lacks. Only the first message, and the first one after a failure, has no such condition. This
 * message is the oldest that is not acknowledged, so the stream has everything before it.
 *
 * After a failure, the messages are sent again from the oldest that is not acknowledged. The stream
 * recognizes those that it has stored, by their ids. What is still on its way then does no harm: it
 * is a duplicate, or its predecessor is stored.
 *
 * @module
 */

import { type ConnectionChange, onConnectionChange } from "../connection_changes.ts";
import { type FailureKind, kindOf, textOf } from "../failure.ts";
import { writeOrigin } from "../header.ts";
import type { NatsJetStream, NatsPublishAck } from "../nats.ts";
import { RetryDelay } from "../retry_delay.ts";
import type { OutgoingRoute } from "../route.ts";
import { isClosing, type RunContext } from "../run.ts";
import type { RouteSource, SourceMessage } from "../source.ts";
import { findStream, streamClientOf } from "../stream_check.ts";
import { unlessAborted } from "../unless_aborted.ts";
import type { CheckedDelivery } from "./delivery.ts";
import { DropTurns } from "./drop_turns.ts";
import { defaultId, StreamLimit } from "./stream_limit.ts";
import { DeliveryWindow, type WindowMessage } from "./window.ts";

/** Time limit of an acknowledgement in milliseconds. A stream on a slow disk takes a second. */
const ACK_TIMEOUT = 5000;

/** Delivers the messages of a source to a stream. */
export async function carryToStream(
  source: RouteSource,
  route: OutgoingRoute,
  delivery: CheckedDelivery,
  context: RunContext,
): Promise<void> {
  await new StreamDelivery(source, route, delivery, context).run();
}

/** A failed acknowledgement. */
interface Failure {
  readonly kind: FailureKind;
  readonly error: unknown;
}

class StreamDelivery {
  readonly #source: RouteSource;
  readonly #route: OutgoingRoute;
  readonly #delivery: CheckedDelivery;
  readonly #context: RunContext;
  readonly #jetstream: NatsJetStream;
  readonly #window = new DeliveryWindow();
  readonly #limit: StreamLimit;
  readonly #delay = new RetryDelay();
  readonly #turns = new DropTurns();
  /** Is fulfilled when the loop of {@linkcode run} has something to do. */
  #change = Promise.withResolvers<void>();
  /** Is fulfilled when the connection is there again. */
  #reconnect = Promise.withResolvers<undefined>();
  /** The failure after which the messages are to be sent again. */
  #failure: Failure | undefined;
  /** The number of failures: a failure of a message that was sent before the last one is old. */
  #failures = 0;
  /** Maximum number of messages on their way now: fewer while others publish to the stream. */
  #inFlight: number;
  /** Whether a message was acknowledged since the last failure. */
  #hasProgress = false;
  #isWaiting = false;
  /** Whether the source has no room for a further message, until some are released. */
  #isFull = false;
  #isOver = false;
  #sourceFailure: { readonly error: unknown } | undefined;

  constructor(
    source: RouteSource,
    route: OutgoingRoute,
    delivery: CheckedDelivery,
    context: RunContext,
  ) {
    this.#source = source;
    this.#route = route;
    this.#delivery = delivery;
    this.#context = context;
    this.#jetstream = streamClientOf(context.nats);
    this.#inFlight = delivery.inFlight;
    this.#limit = new StreamLimit(source, delivery, context.nats);
  }

  async run(): Promise<void> {
    const { givingUp, nats: { connection } } = this.#context;
    const wake = () => this.#change.resolve();
    givingUp.addEventListener("abort", wake, { once: true });
    using _ = onConnectionChange(connection, (change) => this.#noteConnection(change));
    try {
      await this.#untilStreamAnswers();
      for (;;) {
        givingUp.throwIfAborted();
        if (this.#failure !== undefined) await this.#goBack(this.#failure);
        this.#release();
        this.#take();
        this.#send();
        if (this.#isOver && this.#window.length === 0) break;
        if (this.#turns.isDue) await this.#turns.next();
        await this.#change.promise;
        this.#change = Promise.withResolvers();
      }
    } finally {
      givingUp.removeEventListener("abort", wake);
    }
    if (this.#sourceFailure !== undefined) throw this.#sourceFailure.error;
  }

  /** Waits until the server says that the stream exists. */
  async #untilStreamAnswers(): Promise<void> {
    const { closing, givingUp } = this.#context;
    const { stream } = this.#delivery;
    const { subject } = this.#route;
    for (;;) {
      const signal = this.#window.length === 0 ? closing : givingUp;
      this.#reconnect = Promise.withResolvers();
      try {
        const found = findStream(this.#jetstream, { stream, subject });
        found.catch(() => {});
        // A question that was asked while the connection was lost is never answered.
        const info = await unlessAborted(Promise.race([found, this.#reconnect.promise]), signal);
        if (info === undefined) continue;
        return this.#limit.check(info, this.#route);
      } catch (error) {
        givingUp.throwIfAborted();
        signal.throwIfAborted();
        if (kindOf(error) !== "passing") throw this.#describe(error);
        await this.#delay.wait(signal);
      }
    }
  }

  /** Begins again with the oldest message that is not acknowledged. */
  async #goBack({ kind, error }: Failure): Promise<void> {
    if (kind === "final" || kind === "tooLong") throw this.#describe(error);
    this.#context.counts.retries++;
    this.#failure = undefined;
    const hadProgress = this.#hasProgress;
    this.#hasProgress = false;
    if (kind === "outOfOrder" && hadProgress) {
      this.#inFlight = Math.max(this.#inFlight >> 1, 1);
    } else {
      await this.#delay.wait(this.#context.givingUp);
      await this.#untilStreamAnswers();
    }
    // A failure meanwhile, such as a lost connection, is of messages that are sent again anyway.
    this.#failure = undefined;
    this.#window.goBack();
  }

  /** Takes what is in the source, up to the number of messages in flight. */
  #take(): void {
    const source = this.#source;
    if (this.#context.closing.aborted) this.#isOver = true;
    try {
      while (this.#canTake) {
        const message = source.tryNext();
        if (message === undefined) break;
        this.#add(message);
      }
    } catch (error) {
      this.#endSource(error);
    }
    if (!this.#canTake || this.#isFull) return;
    this.#isWaiting = true;
    source.next(this.#context.closing).then(
      (message) => message === undefined ? this.#isOver = true : this.#add(message),
    ).catch((error) => this.#endSource(error)).finally(() => {
      this.#isWaiting = false;
      this.#change.resolve();
    });
  }

  get #canTake(): boolean {
    return !this.#isOver && !this.#isWaiting && this.#window.length < this.#delivery.inFlight;
  }

  #add({ bytes, number }: SourceMessage): void {
    const { counts } = this.#context;
    const id = this.#delivery.idOf?.(number) ?? defaultId(this.#source.identity, number);
    const message = { bytes, number, id, isSettled: false, isDropped: false };
    counts.taken++;
    counts.pending++;
    this.#window.add(message);
    if (this.#limit.isExceededBy(message)) this.#drop(message);
  }

  #drop(message: WindowMessage): void {
    this.#context.counts.tooLong++;
    this.#turns.note();
    message.isDropped = true;
    this.#window.settle(message);
    this.#change.resolve();
  }

  #endSource(error: unknown): void {
    // All messages are taken, and their sender waits for the room of some of them.
    if (error instanceof Deno.errors.Busy && this.#window.length > 0) {
      this.#isFull = true;
      return;
    }
    this.#isOver = true;
    if (!isClosing(error, this.#context)) this.#sourceFailure = { error };
  }

  /** Releases the oldest messages that the stream has stored. */
  #release(): void {
    const count = this.#window.takeSettled();
    if (count === 0) return;
    this.#source.release(count);
    this.#context.counts.pending -= count;
    this.#isFull = false;
  }

  #send(): void {
    for (let next; (next = this.#window.send(this.#inFlight)) !== undefined;) {
      this.#publish(next.message, next.previous);
    }
  }

  #publish(message: WindowMessage, previous: string | undefined): void {
    const { nats: { headers } } = this.#context;
    const { bytes, number, id } = message;
    const origin = headers();
    writeOrigin(origin, { source: this.#source.identity, sequence: number });
    const failures = this.#failures;
    this.#jetstream.publish(this.#route.subject, bytes, {
      msgID: id,
      timeout: ACK_TIMEOUT,
      headers: origin,
      // The message before is in the right stream, so this one is.
      expect: previous === undefined
        ? { streamName: this.#delivery.stream }
        : { lastMsgID: previous },
    }).then(
      (ack) => this.#acknowledge(message, ack),
      (error) => this.#refuse(message, failures, error),
    );
  }

  #acknowledge(message: WindowMessage, { duplicate }: NatsPublishAck): void {
    if (message.isSettled) return;
    this.#window.settle(message);
    const { counts } = this.#context;
    counts.deliver(message.bytes.length);
    if (duplicate) counts.duplicates++;
    this.#hasProgress = true;
    this.#delay.reset();
    if (this.#inFlight < this.#delivery.inFlight) this.#inFlight++;
    this.#change.resolve();
  }

  #refuse(message: WindowMessage, failures: number, error: unknown): void {
    if (message.isSettled || failures !== this.#failures) return;
    const kind = kindOf(error);
    if (kind === "tooLong") {
      // The messages after it are refused, because the stream lacks it, and are sent again.
      this.#drop(message);
      return;
    }
    this.#fail({ kind, error });
  }

  #noteConnection(change: ConnectionChange): void {
    if (change === "reconnect") this.#reconnect.resolve(undefined);
    if (change === "reconnect" || this.#window.length === 0) return;
    // What is on its way is not acknowledged any more.
    this.#fail({ kind: "passing", error: new Deno.errors.ConnectionReset("Disconnected") });
  }

  #fail(failure: Failure): void {
    this.#failures++;
    this.#failure = failure;
    this.#change.resolve();
  }

  #describe(error: unknown): unknown {
    if (error instanceof Deno.errors.NotFound || error instanceof RangeError) return error;
    const { stream } = this.#delivery;
    const { subject } = this.#route;
    return new Error(
      `Cannot deliver the messages of the ${this.#source.label} to the stream "${stream}" on the ` +
        `subject "${subject}": ${textOf(error)}. What is not acknowledged stays in the source; ` +
        "correct the stream or the rights of the client, and start the bridge again",
      { cause: error },
    );
  }
}

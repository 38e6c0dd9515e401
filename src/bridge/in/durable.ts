/**
 * Carries the messages of a stream's durable consumer to a sink, at least once and in the order of
 * the stream.
 *
 * A message is acknowledged when the sink has it. The consumer delivers all others again, to the
 * next bridge if this one is killed.
 *
 * @module
 */

import { MAX_TIMER, sleep } from "../../wait/options.ts";
import { kindOf, textOf } from "../failure.ts";
import { ArrivalOrder, originOf } from "../header.ts";
import type { NatsConsumerMessages, NatsStreamMessage } from "../nats_streams.ts";
import { RetryDelay } from "../retry_delay.ts";
import type { RunContext } from "../run.ts";
import type { RouteSink } from "../sink.ts";
import { streamClientOf } from "../stream_check.ts";
import { unlessAborted } from "../unless_aborted.ts";
import { type OpenConsumer, openConsumer } from "./consumer.ts";
import { DeliveryOrder } from "./delivery_order.ts";

/** Maximum number of messages that are requested at a time. */
const MAX_REQUESTED = 500;
/** Time in milliseconds after which a request is made again: so long does a lost one delay. */
const REQUEST_TIME = 5000;
/** Pause in milliseconds between two questions whether all messages are here. */
const LOOK_INTERVAL = 100;
/**
 * Maximum time of a hold in milliseconds, beside twice the time after which a message is delivered
 * again. A request of a bridge whose machine has lost its power is served for 30 seconds.
 */
const MAX_HOLD = 60_000;

/** A route from a durable consumer. */
export interface DurableRoute {
  readonly subject: string;
  readonly durable: string;
}

/** Carries the messages of a durable consumer to a sink. */
export async function carryFromStream(
  route: DurableRoute,
  sink: RouteSink,
  context: RunContext,
): Promise<void> {
  const opened = await open(route, context);
  await new DurableDelivery(route, opened, sink, context).run();
}

/** Finds or makes the consumer, as soon as the server answers. */
async function open(
  route: DurableRoute,
  { nats, closing, givingUp }: RunContext,
): Promise<OpenConsumer> {
  const jetstream = streamClientOf(nats);
  const delay = new RetryDelay();
  for (;;) {
    try {
      return await unlessAborted(openConsumer(jetstream, route), closing);
    } catch (error) {
      givingUp.throwIfAborted();
      closing.throwIfAborted();
      if (kindOf(error) !== "passing") throw describe(error, route);
      await delay.wait(closing);
    }
  }
}

class DurableDelivery {
  readonly #route: DurableRoute;
  readonly #opened: OpenConsumer;
  readonly #sink: RouteSink;
  readonly #context: RunContext;
  readonly #order: DeliveryOrder;
  readonly #arrivals: ArrivalOrder;
  #change = Promise.withResolvers<void>();
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #isLooking = false;

  constructor(
    route: DurableRoute,
    opened: OpenConsumer,
    sink: RouteSink,
    context: RunContext,
  ) {
    this.#route = route;
    this.#opened = opened;
    this.#sink = sink;
    this.#context = context;
    this.#arrivals = new ArrivalOrder(context.counts);
    const { delivered, num_ack_pending } = opened.info;
    this.#order = new DeliveryOrder({
      delivered: delivered.consumer_seq,
      isHolding: num_ack_pending > 0,
    });
  }

  async run(): Promise<void> {
    const { closing, givingUp } = this.#context;
    const messages = await this.#consume();
    const close = () => messages.stop();
    const wake = () => this.#change.resolve();
    closing.addEventListener("abort", close, { once: true });
    givingUp.addEventListener("abort", wake, { once: true });
    if (closing.aborted) close();
    // A full sink can hold the messages for a long time: the server must not deliver them again.
    const timer = setInterval(() => this.#keep(), Math.min(this.#opened.ackWait / 3, MAX_TIMER));
    try {
      await this.#pass();
    } finally {
      clearInterval(timer);
      closing.removeEventListener("abort", close);
      givingUp.removeEventListener("abort", wake);
      messages.stop();
      await this.#giveBack();
    }
  }

  async #consume(): Promise<NatsConsumerMessages> {
    const messages = await this.#opened.consumer.consume({
      max_messages: MAX_REQUESTED,
      expires: REQUEST_TIME,
      abort_on_missing_resource: true,
      callback: (message) => this.#arrive(message),
    });
    const { closing } = this.#context;
    const end = (error: unknown) => {
      this.#isOver = true;
      const unexpected = error ?? (closing.aborted ? undefined : new Error("the delivery ended"));
      if (unexpected !== undefined) {
        this.#failure ??= { error: describe(unexpected, this.#route) };
      }
      this.#change.resolve();
    };
    messages.closed().then(end, end);
    return messages;
  }

  /** Passes messages to the sink until the route is over. */
  async #pass(): Promise<void> {
    const { givingUp, counts } = this.#context;
    for (;;) {
      for (let message; (message = this.#order.peek()) !== undefined;) {
        givingUp.throwIfAborted();
        if (this.#arrivals.note(originOf(message))) await this.#sendToSink(message.data);
        message.ack();
        this.#order.pass();
        counts.pending--;
      }
      givingUp.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#isOver) return;
      if (this.#order.isHolding && !this.#isLooking) this.#lookUntilComplete();
      await this.#change.promise;
      this.#change = Promise.withResolvers();
    }
  }

  async #sendToSink(bytes: Uint8Array): Promise<void> {
    const { givingUp, counts } = this.#context;
    const { maxMessageLength = Infinity } = this.#sink;
    if (bytes.length > maxMessageLength) counts.tooLong++;
    else if (this.#sink.trySend(bytes) || await this.#sink.send(bytes, givingUp)) {
      counts.deliver(bytes.length);
    } else counts.lose(1);
  }

  #arrive(message: NatsStreamMessage): void {
    const { counts } = this.#context;
    const state = this.#order.arrive(message);
    if (state === "new") {
      counts.taken++;
      counts.pending++;
    } else {
      counts.duplicates++;
      if (state === "passed") message.ack();
    }
    this.#change.resolve();
  }

  /** Asks the server until all messages that it has delivered are here, and ends the hold. */
  #lookUntilComplete(): void {
    this.#isLooking = true;
    this.#look().catch((error) => this.#failure ??= { error }).finally(() => {
      this.#isLooking = false;
      this.#change.resolve();
    });
  }

  async #look(): Promise<void> {
    const { closing } = this.#context;
    const { consumer, ackWait } = this.#opened;
    const deadline = performance.now() + MAX_HOLD + 2 * ackWait;
    while (!closing.aborted && !this.#isOver) {
      const answer = this.#order.ask();
      const info = await consumer.info().catch((error) => this.#unlessFinal(error));
      if (info !== undefined) answer(info.num_ack_pending);
      if (!this.#order.isHolding) return;
      if (performance.now() > deadline) throw this.#incomplete(info?.num_ack_pending);
      await sleep(LOOK_INTERVAL, closing).catch(() => {});
    }
  }

  #unlessFinal(error: unknown): undefined {
    if (kindOf(error) !== "passing") throw describe(error, this.#route);
  }

  #incomplete(pending = NaN): Deno.errors.TimedOut {
    const { subject, durable } = this.#route;
    return new Deno.errors.TimedOut(
      `Cannot keep the order of the messages of "${subject}": ${pending - this.#order.count} of ` +
        `them are delivered to another client of the consumer "${durable}". Only one route at a ` +
        "time can use a consumer: stop the other client, or name another consumer",
    );
  }

  /** Tells the server that the messages are being processed. */
  #keep(): void {
    for (const message of this.#order.all()) message.working();
  }

  /** Gives the messages back that the sink does not have, so that the next bridge gets them soon. */
  async #giveBack(): Promise<void> {
    const { givingUp, nats: { connection } } = this.#context;
    if (connection.isClosed()) return;
    for (const message of this.#order.all()) message.nak();
    // The acknowledgements are on their way: without them, the messages are delivered again.
    await unlessAborted(connection.flush(), givingUp).catch(() => {});
  }
}

function describe(error: unknown, { subject, durable }: DurableRoute): unknown {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.InvalidData) {
    return error;
  }
  return new Error(
    `Cannot take the messages of "${subject}" by the consumer "${durable}": ${textOf(error)}. ` +
      "Correct the stream, the consumer or the rights of the client, and start the bridge again",
    { cause: error },
  );
}

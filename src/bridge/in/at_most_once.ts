/**
 * Carries the messages of a subject to a sink, at most once.
 *
 * @module
 */

import { textOf } from "../failure.ts";
import { ArrivalOrder } from "../header.ts";
import type { NatsMessage, NatsSubscription } from "../nats.ts";
import type { IncomingRoute } from "../route.ts";
import type { RunContext } from "../run.ts";
import type { RouteSink } from "../sink.ts";
import { OriginReader } from "./origin_reader.ts";
import { ArrivalQueue } from "./queue.ts";

/** Subscribes to a subject, and sends its messages to a sink. */
export async function carryFromSubject(
  { subject }: IncomingRoute,
  sink: RouteSink,
  context: RunContext,
): Promise<void> {
  const { nats: { connection }, counts, closing } = context;
  const order = new ArrivalOrder(counts);
  const { maxMessageLength = Infinity } = sink;
  using queue = new ArrivalQueue(sink, context);
  const origins = new OriginReader();
  const arrive = (message: NatsMessage) => {
    counts.taken++;
    // The client makes a new array each time.
    const { data } = message;
    if (!order.note(origins.read(message, data))) return;
    if (data.length > maxMessageLength) counts.tooLong++;
    else queue.put(data);
  };
  let subscription: NatsSubscription;
  try {
    subscription = connection.subscribe(subject, {
      callback: (error, message) => error === null ? arrive(message) : queue.end({ error }),
    });
  } catch (error) {
    throw subscriptionError(subject, error);
  }
  const drain = () => {
    // The subscription is closed after the messages that are on their way.
    subscription.drain().then(() => queue.end(), (error) => queue.end({ error }));
  };
  subscription.closed.then((error) => {
    const unexpected = error ?? (closing.aborted ? undefined : "it was closed");
    queue.end(unexpected && { error: unexpected });
  }, (error) => queue.end({ error }));
  closing.addEventListener("abort", drain, { once: true });
  if (closing.aborted) drain();
  try {
    const failure = await queue.run();
    if (failure !== undefined) throw subscriptionError(subject, failure.error);
  } finally {
    closing.removeEventListener("abort", drain);
    subscription.unsubscribe();
  }
}

/** Creates the error for a subscription that the client or the server has ended. */
function subscriptionError(subject: string, cause: unknown): Error {
  const message = `The subscription to "${subject}" has ended: ${textOf(cause)}`;
  return cause instanceof Error && cause.name === "PermissionViolationError"
    ? new Deno.errors.PermissionDenied(`${message}; let the server's user subscribe to it`, {
      cause,
    })
    : new Error(message, { cause });
}

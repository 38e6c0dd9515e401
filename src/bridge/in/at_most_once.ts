/**
 * Carries the messages of a subject to a sink, at most once.
 *
 * @module
 */

import { ArrivalOrder } from "../header.ts";
import type { NatsMessage } from "../nats.ts";
import type { IncomingRoute } from "../route.ts";
import type { RunContext } from "../run.ts";
import type { RouteSink } from "../sink.ts";

/** Subscribes to a subject, and sends its messages to a sink. */
export async function carryFromSubject(
  { subject }: IncomingRoute,
  sink: RouteSink,
  { nats: { connection }, counts, closing, givingUp }: RunContext,
): Promise<void> {
  const order = new ArrivalOrder(counts);
  const waiting: NatsMessage[] = [];
  let wake = Promise.withResolvers<void>();
  let isOver = false;
  let failure: Error | undefined;
  const end = (error?: Error | void) => {
    isOver = true;
    failure = error ?? failure;
    wake.resolve();
  };
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) return end(error);
      waiting.push(message);
      wake.resolve();
    },
  });
  subscription.closed.then(end, end);
  const drain = () => subscription.drain().then(() => end(), end);
  closing.addEventListener("abort", drain, { once: true });
  try {
    for (;;) {
      for (let message; (message = waiting.shift()) !== undefined;) {
        counts.taken++;
        if (!order.note(message.headers)) continue;
        await sink.send(message.data, givingUp);
        counts.deliver(message.data.length);
      }
      if (isOver) break;
      await wake.promise;
      wake = Promise.withResolvers();
    }
    if (failure !== undefined) throw failure;
  } finally {
    closing.removeEventListener("abort", drain);
    subscription.unsubscribe();
  }
}

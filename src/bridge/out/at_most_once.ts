/**
 * Carries messages of a source to a subject, at most once.
 *
 * A message leaves its source before it is published, so that it is never published twice, also if
 * this process is killed. Messages that are on their way when the connection breaks can be lost. The
 * other end of the bridge counts them by the numbers in the headers.
 *
 * @module
 */

import { onRefusal } from "../connection_changes.ts";
import { textOf } from "../failure.ts";
import { originLength } from "../header.ts";
import type { OutgoingRoute } from "../route.ts";
import { isClosing, type RunContext } from "../run.ts";
import type { RouteSource, SourceMessage } from "../source.ts";
import { DropTurns } from "./drop_turns.ts";
import { OriginWriter } from "./origin_writer.ts";
import { PayloadLimit } from "./size.ts";
import { Unconfirmed } from "./unconfirmed.ts";

/** Publishes the messages of a source. */
export async function carryToSubject(
  source: RouteSource,
  { subject }: OutgoingRoute,
  context: RunContext,
): Promise<void> {
  const { nats, counts, closing } = context;
  const { connection } = nats;
  const origin = new OriginWriter(nats, source.identity);
  const limit = new PayloadLimit(nats);
  const headerLength = originLength(source.identity);
  const turns = new DropTurns();
  using unconfirmed = new Unconfirmed(context, subject.length + headerLength);
  const refused = new AbortController();
  using _ = onRefusal(connection, subject, (cause) => {
    refused.abort(
      new Deno.errors.PermissionDenied(
        `Cannot publish on "${subject}": ${cause.message}; let the server's user publish on it`,
        { cause },
      ),
    );
  });
  const stopping = AbortSignal.any([closing, refused.signal]);
  const publish = ({ bytes, number }: SourceMessage) => {
    source.release(1);
    counts.taken++;
    const { length } = bytes;
    if (length + headerLength > limit.bytes) {
      counts.tooLong++;
      turns.note();
      return;
    }
    // First, so that the flush goes to the server together with the message.
    unconfirmed.add(length);
    try {
      connection.publish(subject, bytes, { headers: origin.at(number) });
    } catch (cause) {
      unconfirmed.remove(length);
      counts.lose(1);
      throw new Error(`Cannot publish on "${subject}": ${textOf(cause)}`, { cause });
    }
    unconfirmed.askIfMany();
  };
  try {
    while (!stopping.aborted) {
      const message = source.tryNext() ?? await source.next(stopping);
      if (message === undefined) break;
      publish(message);
      if (unconfirmed.isFull) await unconfirmed.room();
      if (turns.isDue) await turns.next();
    }
  } catch (error) {
    if (!isClosing(error, context)) {
      await unconfirmed.all();
      throw error;
    }
  }
  await unconfirmed.all();
  // The client tells a refusal some turns of the event loop's queues after the answer to a flush.
  await new Promise((resolve) => setTimeout(resolve));
  refused.signal.throwIfAborted();
}

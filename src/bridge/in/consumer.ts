/**
 * Finds or makes the durable consumer of a route.
 *
 * @module
 */

import { isConsumerMissing, isStreamMissing } from "../failure.ts";
import type { NatsJetStream } from "../nats.ts";
import type { NatsConsumer, NatsConsumerInfo, NatsStreamManager } from "../nats_streams.ts";

const NANOSECONDS = 1_000_000;
/**
 * Time in milliseconds after which the server delivers an unacknowledged message again. A bridge
 * that replaces a killed one waits for so long.
 */
const ACK_WAIT = 5000;
/** Maximum number of messages that are delivered and not acknowledged. */
const MAX_ACK_PENDING = 1024;
/** Maximum for a consumer that somebody else has made: all these messages can be in memory. */
const MAX_PENDING = 65_536;

/** A consumer, and its state before this route consumes. */
export interface OpenConsumer {
  readonly consumer: NatsConsumer;
  readonly info: NatsConsumerInfo;
  /** Time in milliseconds after which a message is delivered again. */
  readonly ackWait: number;
}

/**
 * Finds the durable consumer of a subject's stream, or makes it.
 *
 * @throws {Deno.errors.NotFound} If no stream stores the subject, or more than one.
 * @throws {Deno.errors.InvalidData} If the consumer exists, and is not fit for a route.
 */
export async function openConsumer(
  jetstream: NatsJetStream,
  { subject, durable }: { subject: string; durable: string },
): Promise<OpenConsumer> {
  const manager = await jetstream.jetstreamManager(false);
  const stream = await findStreamOf(manager, subject);
  const info = await consumerInfo(manager, { stream, subject, durable });
  assertFit(info, { stream, subject, durable });
  const consumer = await jetstream.consumers.get(stream, durable);
  return { consumer, info, ackWait: (info.config.ack_wait ?? 0) / NANOSECONDS || ACK_WAIT };
}

async function findStreamOf(manager: NatsStreamManager, subject: string): Promise<string> {
  try {
    return await manager.streams.find(subject);
  } catch (error) {
    if (!isStreamMissing(error)) throw error;
    throw new Deno.errors.NotFound(
      `The NATS server has no stream with the subject "${subject}", or more than one: create a ` +
        "stream with this subject, or name a subject that only one stream stores",
      { cause: error },
    );
  }
}

async function consumerInfo(
  manager: NatsStreamManager,
  { stream, subject, durable }: { stream: string; subject: string; durable: string },
): Promise<NatsConsumerInfo> {
  try {
    return await manager.consumers.info(stream, durable);
  } catch (error) {
    if (!isConsumerMissing(error)) throw error;
  }
  return await manager.consumers.add(stream, {
    durable_name: durable,
    filter_subject: subject,
    ack_policy: "explicit",
    deliver_policy: "all",
    replay_policy: "instant",
    ack_wait: ACK_WAIT * NANOSECONDS,
    max_ack_pending: MAX_ACK_PENDING,
  });
}

function assertFit(
  { config }: NatsConsumerInfo,
  { stream, subject, durable }: { stream: string; subject: string; durable: string },
): void {
  const { max_ack_pending: pending = 0, max_deliver: deliveries = -1 } = config;
  const fault = config.deliver_subject !== undefined
    ? `delivers to "${config.deliver_subject}", but a route takes messages by itself (pull)`
    : config.ack_policy !== "explicit"
    ? `has the ack policy "${config.ack_policy}", but a route needs "explicit"`
    : config.filter_subject !== subject
    ? `filters ${filterOf(config)}, but the route is for "${subject}"`
    : pending < 1 || pending > MAX_PENDING
    ? `has max_ack_pending ${pending}, but a route needs a limit from 1 to ${MAX_PENDING}`
    : deliveries > 0
    ? `has max_deliver ${deliveries}, after which a message is lost, but a route needs no limit`
    : config.headers_only === true
    ? "has headers_only, but a route needs the bytes of the messages"
    : undefined;
  if (fault === undefined) return;
  throw new Deno.errors.InvalidData(
    `The consumer "${durable}" of the stream "${stream}" ${fault}: name another consumer, which ` +
      "the route then makes",
  );
}

function filterOf({ filter_subject, filter_subjects }: NatsConsumerInfo["config"]): string {
  if (filter_subject !== undefined) return `"${filter_subject}"`;
  return filter_subjects?.map((subject) => `"${subject}"`).join(", ") ?? "no subject";
}

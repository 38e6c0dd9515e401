/**
 * Finds the stream of a route, and says what to do if there is none.
 *
 * @module
 */

import { isStreamMissing } from "./failure.ts";
import type { NatsClient, NatsJetStream } from "./nats.ts";
import type { NatsStreamInfo } from "./nats_streams.ts";

/**
 * Returns the client of streams.
 *
 * @throws {TypeError} If the script has passed none.
 */
export function streamClientOf({ jetstream }: NatsClient): NatsJetStream {
  if (jetstream === undefined) {
    throw new TypeError(
      "Expected the client's jetstream, because a route uses a stream: pass jetstream(connection) " +
        "of @nats-io/jetstream",
    );
  }
  return jetstream;
}

/**
 * Returns the description of a stream that stores a subject.
 *
 * @throws {Deno.errors.NotFound} If the stream does not exist, or does not store the subject.
 */
export async function findStream(
  jetstream: NatsJetStream,
  { stream, subject }: { stream: string; subject: string },
): Promise<NatsStreamInfo> {
  const info = await streamInfo(jetstream, stream);
  const { subjects = [] } = info.config;
  if (!subjects.some((pattern) => isMatch(pattern, subject))) {
    const stored = subjects.map((found) => `"${found}"`).join(", ") || "no subjects";
    throw new Deno.errors.NotFound(
      `The stream "${stream}" does not store the subject "${subject}", only ${stored}: add the ` +
        "subject to the stream, or publish on another one",
    );
  }
  return info;
}

async function streamInfo(jetstream: NatsJetStream, stream: string): Promise<NatsStreamInfo> {
  try {
    const manager = await jetstream.jetstreamManager(false);
    return await manager.streams.info(stream);
  } catch (error) {
    if (!isStreamMissing(error)) throw error;
    throw new Deno.errors.NotFound(
      `The NATS server has no stream "${stream}": create it, with the subject of the route`,
      { cause: error },
    );
  }
}

/** Returns whether a subject without wildcards matches a pattern: `a.*` or `a.>`. */
export function isMatch(pattern: string, subject: string): boolean {
  const words = subject.split(".");
  const parts = pattern.split(".");
  for (const [index, part] of parts.entries()) {
    if (part === ">") return index < words.length;
    if (index >= words.length || part !== "*" && part !== words[index]) return false;
  }
  return parts.length === words.length;
}

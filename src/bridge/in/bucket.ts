/**
 * Writes each change of a bucket's key into a latest value.
 *
 * @module
 */

import type { LatestBytesWriter } from "../../channel/latest/bytes.ts";
import { sleep } from "../../wait/options.ts";
import { describeBucketError, throwUnlessPassing } from "../bucket_error.ts";
import { isStreamMissing } from "../failure.ts";
import type { NatsBucketChanges } from "../nats_streams.ts";
import { RetryDelay } from "../retry_delay.ts";
import type { BucketRoute } from "../route.ts";
import type { RunContext } from "../run.ts";
import { unlessAborted } from "../unless_aborted.ts";

/** Time in milliseconds between two questions whether the bucket is still there. */
const LOOK_INTERVAL = 3000;

/** Writes the newest value of a key, and then each change. A deleted key changes nothing. */
export async function carryFromBucket(
  route: BucketRoute,
  writer: LatestBytesWriter,
  { counts, closing, givingUp }: RunContext,
): Promise<void> {
  const { key } = route;
  const { label, byteLength } = writer;
  const changes = await watch(route, label, closing);
  const over = new AbortController();
  let gone: unknown;
  const stop = () => changes.stop();
  closing.addEventListener("abort", stop, { once: true });
  untilGone(route, over.signal).then((error) => {
    gone = error;
    stop();
  }, () => {});
  try {
    for await (const { operation, value } of changes) {
      if (closing.aborted) break;
      if (operation !== "PUT") continue;
      counts.taken++;
      if (value.length !== byteLength) {
        throw new Deno.errors.InvalidData(
          `The bucket's key "${key}" has ${value.length} bytes, but the ${label} takes ` +
            `${byteLength} bytes: all programs that use the key must have the same layout`,
        );
      }
      writer.write(value);
      counts.deliver(value.length);
    }
  } catch (error) {
    throw describeBucketError(error, { key, label });
  } finally {
    over.abort();
    closing.removeEventListener("abort", stop);
    changes.stop();
  }
  givingUp.throwIfAborted();
  if (!closing.aborted) {
    const error = gone ?? new Error("the server sends no changes any more");
    throw describeBucketError(error, { key, label });
  }
}

/**
 * Waits until the bucket is gone, which the client does not tell its watchers.
 *
 * @returns The error of the question for the bucket.
 * @throws The reason of the signal.
 */
async function untilGone({ bucket }: BucketRoute, signal: AbortSignal): Promise<unknown> {
  for (;;) {
    await sleep(LOOK_INTERVAL, signal);
    try {
      await unlessAborted(bucket.status(), signal);
    } catch (error) {
      signal.throwIfAborted();
      // A client that may not ask, or does not reach the server, can still get the changes later.
      if (isStreamMissing(error)) return error;
    }
  }
}

/** Begins to watch a key, as soon as the server answers. */
async function watch(
  { bucket, key }: BucketRoute,
  label: string,
  closing: AbortSignal,
): Promise<NatsBucketChanges> {
  const delay = new RetryDelay();
  for (;;) {
    const watching = bucket.watch({ key });
    try {
      return await unlessAborted(watching, closing);
    } catch (error) {
      if (closing.aborted) watching.then((changes) => changes.stop(), () => {});
      closing.throwIfAborted();
      throwUnlessPassing(error, { key, label });
    }
    await delay.wait(closing);
  }
}

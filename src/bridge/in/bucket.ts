/**
 * Writes each change of a bucket's key into a latest value.
 *
 * @module
 */

import type { LatestBytesWriter } from "../../channel/latest/bytes.ts";
import { describeBucketError } from "../bucket_error.ts";
import { kindOf } from "../failure.ts";
import type { NatsBucketChanges } from "../nats_streams.ts";
import { RetryDelay } from "../retry_delay.ts";
import type { BucketRoute } from "../route.ts";
import type { RunContext } from "../run.ts";
import { unlessAborted } from "../unless_aborted.ts";

/** Writes the newest value of a key, and then each change. A deleted key changes nothing. */
export async function carryFromBucket(
  route: BucketRoute,
  writer: LatestBytesWriter,
  { counts, closing, givingUp }: RunContext,
): Promise<void> {
  const { key } = route;
  const { label, byteLength } = writer;
  const changes = await watch(route, label, closing);
  const stop = () => changes.stop();
  closing.addEventListener("abort", stop, { once: true });
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
    closing.removeEventListener("abort", stop);
    changes.stop();
  }
  givingUp.throwIfAborted();
  if (!closing.aborted) {
    throw describeBucketError(new Error("the server sends no changes any more"), { key, label });
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
      if (kindOf(error) !== "passing") throw describeBucketError(error, { key, label });
    }
    await delay.wait(closing);
  }
}

/**
 * Puts each change of a latest value into a key of a bucket.
 *
 * While the server stores a value, newer ones replace each other: the bucket gets the newest one.
 *
 * @module
 */

import type { LatestBytesReader } from "../../channel/latest/bytes.ts";
import { throwUnlessPassing } from "../bucket_error.ts";
import { onConnectionChange } from "../connection_changes.ts";
import type { NatsConnection } from "../nats.ts";
import { RetryDelay } from "../retry_delay.ts";
import type { BucketRoute } from "../route.ts";
import { isClosing, type RunContext } from "../run.ts";
import { unlessAborted } from "../unless_aborted.ts";

/** Puts the values of a reader, also the newest one when the bridge is closed. */
export async function carryToBucket(
  reader: LatestBytesReader,
  route: BucketRoute,
  context: RunContext,
): Promise<void> {
  const { counts, closing, givingUp } = context;
  let stored: Uint8Array | undefined;
  const put = async (changed: Uint8Array) => {
    if (isSame(changed, stored)) return;
    counts.taken++;
    counts.pending = 1;
    stored = await putNewest(reader, route, changed, context);
    counts.pending = 0;
    counts.deliver(changed.length);
  };
  try {
    for await (const value of reader.changes({ whenWriterGone: "wait", signal: closing })) {
      await put(value);
    }
  } catch (error) {
    if (!isClosing(error, context)) throw error;
  }
  givingUp.throwIfAborted();
  const newest = reader.read();
  if (newest !== undefined) await put(newest);
}

/**
 * Puts a value, or a newer one after a failure, until the server has stored it.
 *
 * @returns The value that is stored.
 */
async function putNewest(
  reader: LatestBytesReader,
  { bucket, key }: BucketRoute,
  changed: Uint8Array,
  { nats: { connection }, counts, givingUp }: RunContext,
): Promise<Uint8Array> {
  const delay = new RetryDelay();
  for (let value = changed;; value = reader.read() ?? value) {
    try {
      await unlessChanged(bucket.put(key, value), connection, givingUp);
      return value;
    } catch (error) {
      givingUp.throwIfAborted();
      throwUnlessPassing(error, { key, label: reader.label });
    }
    counts.retries++;
    await delay.wait(givingUp);
    // A bucket that is gone does not answer a put.
    await unlessChanged(bucket.status(), connection, givingUp).catch((error) => {
      givingUp.throwIfAborted();
      throwUnlessPassing(error, { key, label: reader.label });
    });
  }
}

/** Waits for an answer. It never comes if the connection is lost before. */
async function unlessChanged<T>(
  answer: Promise<T>,
  connection: NatsConnection,
  signal: AbortSignal,
): Promise<T> {
  const changed = Promise.withResolvers<never>();
  using _ = onConnectionChange(connection, (change) => {
    changed.reject(new Deno.errors.ConnectionReset(`The connection has changed: ${change}`));
  });
  return await unlessAborted(Promise.race([answer, changed.promise]), signal);
}

function isSame(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.length === other?.length && one.every((byte, index) => byte === other[index]);
}

/**
 * Web Streams over the ends of a channel.
 *
 * @see {@link https://developer.mozilla.org/docs/Web/API/Streams_API}
 * @module
 */

import type { ByteSource } from "../../../ffi/arguments.ts";
import type { RingReceiver } from "./receiver.ts";
import type { RingSender } from "./sender.ts";

/**
 * Returns the messages of a receiver as a stream. The stream takes a message only when it is read.
 *
 * @param receiver The stream closes the receiver when it ends, fails or is cancelled.
 */
export function readableFrom(receiver: RingReceiver): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const message = await receiver.receive();
        if (message !== undefined) return controller.enqueue(message);
      } catch (error) {
        receiver.close();
        throw error;
      }
      receiver.close();
      controller.close();
    },
    cancel() {
      receiver.close();
    },
  }, { highWaterMark: 0 });
}

/**
 * Returns a stream into a sender. A write is done when its message is in the ring.
 *
 * @param sender The stream closes the sender when it is closed or aborted, or when a write fails.
 */
export function writableTo(sender: RingSender): WritableStream<ByteSource> {
  return new WritableStream({
    async write(message, controller) {
      try {
        await sender.send(message, { signal: controller.signal });
      } catch (error) {
        sender.close();
        throw error;
      }
    },
    close() {
      sender.close();
    },
    abort() {
      sender.close();
    },
  });
}

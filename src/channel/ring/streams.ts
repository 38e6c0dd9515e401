/**
 * Channels as Web Streams.
 *
 * @see {@link https://developer.mozilla.org/docs/Web/API/Streams_API}
 * @module
 */

import type { ByteSource } from "../../../ffi/arguments.ts";
import type { RingReceiver } from "./receiver.ts";
import type { RingSender } from "./sender.ts";

/**
 * The messages of a receiver as a stream, which takes none before somebody reads.
 *
 * @param receiver The receiver, which is closed with the stream.
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
 * A stream into a sender, where writing is over when the message is in the ring.
 *
 * @param sender The sender, which is closed with the stream.
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

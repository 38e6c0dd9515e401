/**
 * Carries the texts of npm capnweb by two rings, for the benchmarks beside it.
 *
 * @module
 */

import type { RingConnection } from "../src/channel/mod.ts";

/** Returns a transport of capnweb over the two rings of a connection. */
export function transportOver({ sender, receiver }: RingConnection) {
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  return {
    async send(message: string): Promise<void> {
      await sender.send(encoder.encode(message));
    },
    async receive(): Promise<string> {
      const message = await receiver.receive();
      if (message === undefined) throw new Error("The peer has closed the rings");
      return decoder.decode(message);
    },
  };
}

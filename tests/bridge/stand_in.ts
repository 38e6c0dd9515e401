import type { NatsClient, NatsMessage, NatsSubscription } from "../../src/bridge/mod.ts";

/** A client without a server, for tests of what happens before anything is sent. */
export function standIn(maxPayload = 1_048_576): NatsClient & { readonly subscriptions: number } {
  const callbacks = new Set<(error: Error | null, message: NatsMessage) => void>();
  const { promise: closed } = Promise.withResolvers<void>();
  return {
    connection: {
      info: { max_payload: maxPayload },
      publish() {},
      subscribe(_subject, { callback = () => {} } = {}): NatsSubscription {
        callbacks.add(callback);
        const { promise, resolve } = Promise.withResolvers<void>();
        const unsubscribe = () => {
          callbacks.delete(callback);
          resolve();
        };
        return { closed: promise, unsubscribe, drain: () => Promise.resolve(unsubscribe()) };
      },
      flush: () => Promise.resolve(),
      closed: () => closed,
      isClosed: () => false,
      status: () => new ReadableStream<{ type: string }>(),
    },
    headers() {
      const values = new Map<string, string>();
      return {
        get: (name) => values.get(name) ?? "",
        set: (name, value) => values.set(name, value),
      };
    },
    get subscriptions() {
      return callbacks.size;
    },
  };
}

/**
 * Bridges between this machine's channels and a NATS server, for scripts on several machines.
 *
 * @module
 */

export { Bridge, bridge, type BridgeOptions } from "./bridge.ts";
export type {
  NatsClient,
  NatsConnection,
  NatsHeaders,
  NatsJetStream,
  NatsMessage,
  NatsPublishAck,
  NatsPublishOptions,
  NatsStreamPublishOptions,
  NatsSubscribeOptions,
  NatsSubscription,
} from "./nats.ts";
export type {
  IncomingRoute,
  OutgoingRoute,
  Route,
  Sink,
  Source,
  StreamDelivery,
  WindowSink,
} from "./route.ts";
export type { RouteStats } from "./stats.ts";

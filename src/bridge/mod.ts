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
  NatsBucket,
  NatsBucketChanges,
  NatsBucketEntry,
  NatsConsumeOptions,
  NatsConsumer,
  NatsConsumerInfo,
  NatsConsumerMessages,
  NatsConsumerSettings,
  NatsStreamInfo,
  NatsStreamManager,
  NatsStreamMessage,
} from "./nats_streams.ts";
export type {
  AnyLatestValue,
  BucketRoute,
  IncomingBucketRoute,
  IncomingRoute,
  OutgoingBucketRoute,
  OutgoingRoute,
  Route,
  Sink,
  Source,
  StreamDelivery,
  WindowSink,
} from "./route.ts";
export type { RouteStats } from "./stats.ts";

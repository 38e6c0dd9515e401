/**
 * Bridges between this machine's channels and a NATS server, and links for requests through it, for
 * scripts on several machines.
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
export { natsLink, type NatsLinkOptions, type NatsPeerOptions } from "./requests/link.ts";
export { natsLinks, type NatsLinksOptions } from "./requests/links.ts";
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

/**
 * Channels, broadcast rings, latest values and latest frames: messages, values and large frames
 * through shared memory.
 *
 * ```ts
 * import { LatestValue } from "@winipc/winipc/channel";
 * import { struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Speed = struct({ metresPerSecond: "f64" });
 * using value = LatestValue.create("measured speed", Speed);
 * using writer = value.writer();
 * using reader = value.reader();
 * writer.value.metresPerSecond = 12.5;
 * writer.publish();
 * assertEquals(reader.read(), { metresPerSecond: 12.5 });
 * ```
 *
 * @module
 */

export type { ByteSource } from "../../ffi/arguments.ts";
export type {
  HandedOver,
  WorkerToken,
  WorkerTokenFields,
  WorkerTokenKind,
} from "../../ffi/worker_token.ts";
export type { BroadcastSettings } from "./broadcast/layout.ts";
export type { BroadcastMessage } from "./broadcast/receiver.ts";
export { BroadcastReceiver } from "./broadcast/receiver.ts";
export { BroadcastRing, type BroadcastRingOptions } from "./broadcast/ring.ts";
export { BroadcastSender, type BroadcastSenderStats } from "./broadcast/sender.ts";
export { ChannelInbox, sendChannel } from "./ring/transfer.ts";
export { type FramePublishOptions, FrameWriter, LatestFrame } from "./frame/latest.ts";
export type { FrameSettings, LatestFrameOptions } from "./frame/layout.ts";
export { Frame, FrameReader } from "./frame/reader.ts";
export type { LatestValueOptions } from "./latest/layout.ts";
export {
  type ChangesOptions,
  LatestReader,
  type WhenWriterGone,
  type WriterState,
} from "./latest/reader.ts";
export { LatestValue } from "./latest/value.ts";
export { LatestWriter } from "./latest/value.ts";
export { RingChannel, type RingChannelOptions } from "./ring/channel.ts";
export { connectRing, type ConnectRingOptions, RingConnection } from "./ring/connection.ts";
export { RingClaim } from "./ring/message.ts";
export type { Producers, RingSettings, WhenFull } from "./ring/layout.ts";
export { listenRing, type ListenRingOptions, RingListener } from "./ring/listener.ts";
export { type PeekedMessage, type ReceiverStats, RingReceiver } from "./ring/receiver.ts";
export { type RingChunk, RingSender, type SenderStats } from "./ring/sender.ts";
export type { PipePeer, PipeServer } from "../pipe/mod.ts";
export type { MessageOption, RingSize } from "./peer/memory.ts";
export type { WakeOptions } from "./peer/wake.ts";

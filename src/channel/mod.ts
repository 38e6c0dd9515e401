/**
 * Values and messages over shared memory.
 *
 * ```ts
 * import { LatestValue } from "@winipc/winipc/channel";
 * import { struct } from "@winipc/winipc/memory";
 *
 * const Speed = struct({ metresPerSecond: "f64" });
 * using writer = LatestValue.create("speed", Speed);
 * writer.value.metresPerSecond = 12.5;
 * writer.publish();
 * ```
 *
 * @module
 */

export type { ByteSource } from "../../ffi/bytes.ts";
export type { BroadcastSettings } from "./broadcast/broadcast_header.ts";
export type { BroadcastMessage } from "./broadcast/broadcast_reader.ts";
export { BroadcastReceiver } from "./broadcast_receiver.ts";
export { BroadcastRing, type BroadcastRingOptions } from "./broadcast_ring.ts";
export {
  type BroadcastEndOptions,
  BroadcastSender,
  type BroadcastSenderStats,
} from "./broadcast_sender.ts";
export { ChannelInbox, sendChannel } from "./channel_transfer.ts";
export type { LatestValueOptions } from "./latest/latest_memory.ts";
export type { ChangesOptions, WhenWriterGone, WriterState } from "./latest/latest_reader.ts";
export { LatestValue } from "./latest_value.ts";
export { type LatestSink, LatestWriter } from "./latest_writer.ts";
export { declareRingChannel } from "./c/ring_c_source.ts";
export { type ChannelParts, RingChannel, type RingChannelOptions } from "./ring_channel.ts";
export { RingClaim } from "./ring_claim.ts";
export type { Producers, RingSettings, WhenFull } from "./ring/ring_header.ts";
export { type ReceiverStats, RingReceiver } from "./ring_receiver.ts";
export { type EndOptions, RingSender, type SenderStats } from "./ring_sender.ts";
export type { RingSize } from "./ring/ring_size.ts";
export type { Seat, SeatOptions, Seats } from "./end/seats.ts";
export type { Sleeper } from "./end/sleep.ts";

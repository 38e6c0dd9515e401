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

export type { LatestValueOptions } from "./latest_memory.ts";
export { type ChangesOptions, LatestValue } from "./latest_value.ts";
export { type LatestSink, LatestWriter } from "./latest_writer.ts";
export { declareRingChannel } from "./ring_c_source.ts";
export { RingChannel, type RingChannelOptions } from "./ring_channel.ts";
export type { RingSettings, WhenFull } from "./ring_header.ts";
export { RingReceiver } from "./ring_receiver.ts";
export { type EndOptions, RingSender } from "./ring_sender.ts";

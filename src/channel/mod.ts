/**
 * Channels: streams of messages between processes, through shared memory.
 *
 * @module
 */

export { RingChannel, type RingChannelOptions } from "./ring_channel.ts";
export type { RingSettings, WhenFull } from "./ring_header.ts";
export { RingReceiver } from "./ring_receiver.ts";
export { type EndOptions, RingSender } from "./ring_sender.ts";

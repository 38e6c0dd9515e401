/**
 * Many open channels. The near end creates and sends, and the far end answers through one further
 * channel.
 *
 * @module
 */

import { RingChannel, type RingReceiver, type RingSender } from "../../../../mod.ts";
import { check, stamp } from "./frame.ts";
import type { Side } from "../../link.ts";
import type { OpenEnds } from "./open_ends.ts";
import { now, PATIENCE } from "./serve.ts";

/** Capacity in bytes. Windows maps memory at multiples of this size. */
const CAPACITY = 2 ** 16;
const LENGTH = 64;

/** Opens the ends of channels whose names begin with `name`. */
export async function openChannels(name: string, side: Side): Promise<OpenEnds> {
  return side === "near" ? nearEnds(name) : await farEnds(name);
}

function nearEnds(name: string): OpenEnds {
  const channels: RingChannel[] = [];
  const senders: RingSender[] = [];
  const answers = RingChannel.create(`${name}-answers`).receiver();
  const frame = new Uint8Array(LENGTH);
  let opened = 0;
  return {
    open(count) {
      for (let more = 0; more < count; more++) {
        const channel = RingChannel.create(`${name}-${opened++}`, { capacity: CAPACITY });
        channels.push(channel);
        senders.push(channel.sender());
      }
    },
    trips(count) {
      return Array.from({ length: count }, (_, number) => {
        const start = now();
        stamp(frame, number);
        senders[number % senders.length]!.sendSync(frame, PATIENCE);
        receive(answers, number);
        return now() - start;
      });
    },
    close() {
      for (const channel of channels.splice(0)) channel.close();
      senders.length = 0;
    },
  };
}

async function farEnds(name: string): Promise<OpenEnds> {
  const channels: RingChannel[] = [];
  const receivers: RingReceiver[] = [];
  const answers = (await RingChannel.waitFor(`${name}-answers`, PATIENCE)).sender();
  let opened = 0;
  return {
    open(count) {
      for (let more = 0; more < count; more++) {
        const channel = RingChannel.open(`${name}-${opened++}`);
        channels.push(channel);
        receivers.push(channel.receiver());
      }
    },
    trips(count) {
      for (let number = 0; number < count; number++) {
        answers.sendSync(receive(receivers[number % receivers.length]!, number), PATIENCE);
      }
      return [];
    },
    close() {
      for (const channel of channels.splice(0)) channel.close();
      receivers.length = 0;
    },
  };
}

function receive(receiver: RingReceiver, number: number): Uint8Array<ArrayBuffer> {
  const frame = receiver.receiveSync(PATIENCE);
  if (frame === undefined) throw new Error(`Expected frame ${number}, got the channel's end`);
  check(frame, LENGTH, number);
  return frame;
}

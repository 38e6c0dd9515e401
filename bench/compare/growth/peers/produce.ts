/**
 * The tasks of a producer of collector.ts:
 *
 * - `open NAME`: opens the channel.
 * - `send COUNT`: answers. Then it waits for the event `NAME-go`, and sends its frames.
 * - `settle`: answers when all frames are sent.
 *
 * @module
 */

import { RingChannel, type RingSender } from "../../../../src/channel/mod.ts";
import { SharedEvent } from "../../../../src/sync/mod.ts";
import { work } from "./crew_member.ts";
import { FRAME_WORDS, writeFrame } from "./producer_frame.ts";
import { PATIENCE } from "./serve.ts";

/**
 * Does the tasks of a producer.
 *
 * @param damage Changes each frame before it is sent. @default no change
 */
export function produce(damage: (frame: Int32Array) => void = () => {}): void {
  const producer = Number(globalThis.name);
  const words = new Int32Array(FRAME_WORDS);
  const frame = new Uint8Array(words.buffer);
  let opened: { channel: RingChannel; sender: RingSender; go: SharedEvent } | undefined;
  work({
    open(answer, name) {
      opened?.channel.close();
      opened?.go.close();
      const channel = RingChannel.open(name!);
      opened = { channel, sender: channel.sender(), go: SharedEvent.open(`${name}-go`) };
      answer(0);
    },
    send(answer, count) {
      const { sender, go } = opened!;
      answer(0);
      go.waitSync(PATIENCE);
      for (let number = 0; number < Number(count); number++) {
        writeFrame(words, producer, number);
        damage(words);
        sender.sendSync(frame, PATIENCE);
      }
    },
    settle(answer) {
      answer(0);
    },
  });
}

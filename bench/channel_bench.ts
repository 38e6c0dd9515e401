/**
 * Compares channels with C. The two ends of a channel are two processes, and one iteration is a run
 * of many messages. `deno task report:channel` shows more: also Boost, and the limits for each
 * case.
 *
 * @module
 */

import { RingChannel, struct } from "../mod.ts";
import { GROUPS } from "./channel_cases.ts";
import { ChannelPair, deletePrograms } from "./channel_pair.ts";

for (const { name: group, cases, count, ...task } of GROUPS) {
  for (const [index, [name, { program, way }]] of Object.entries(cases).entries()) {
    if (program === "boost_queue.cpp") continue;
    Deno.bench(
      `${name}: ${count} times`,
      { group, baseline: index === 0, n: 4, warmup: 1 },
      async (bench) => {
        try {
          await using pair = await ChannelPair.start(program, { ...task, way });
          // Warms up V8 in both processes.
          await pair.run(count);
          bench.start();
          await pair.run(count);
          bench.end();
        } finally {
          await deletePrograms();
        }
      },
    );
  }
}

const Trade = struct({ price: "f64", size: "u32", flags: "u32" });
const MESSAGES = 10_000;
const trade = { price: 1.5, size: 10, flags: 1 };
const bytes = new Uint8Array(Trade.byteLength);

{
  // Both ends in one process: the cost of a message without any wait.
  const channel = RingChannel.anonymous();
  const typed = RingChannel.anonymous({ message: Trade });
  const [sender, receiver] = [channel.sender(), channel.receiver()];
  const [writer, reader] = [typed.sender(), typed.receiver()];
  let sum = 0;

  const ways: Readonly<Record<string, () => void>> = {
    "trySend() and tryReceive() of 16 bytes": () => {
      for (let count = 0; count < MESSAGES; count++) sender.trySend(bytes);
      sender.flush();
      for (let count = 0; count < MESSAGES; count++) sum += receiver.tryReceive()!.length;
    },
    "trySend(), tryPeek() and release() of each message": () => {
      for (let count = 0; count < MESSAGES; count++) sender.trySend(bytes);
      sender.flush();
      for (let count = 0; count < MESSAGES; count++) {
        sum += receiver.tryPeek()!.number;
        receiver.release(1);
      }
    },
    "trySend(), tryPeek() and release() of 100 messages": () => {
      for (let count = 0; count < MESSAGES; count++) sender.trySend(bytes);
      sender.flush();
      for (let count = 1; count <= MESSAGES; count++) {
        sum += receiver.tryPeek()!.number;
        if (count % 100 === 0) receiver.release(100);
      }
    },
    "tryWrite() and tryReceive() of a struct": () => {
      for (let count = 0; count < MESSAGES; count++) writer.tryWrite(trade);
      writer.flush();
      for (let count = 0; count < MESSAGES; count++) sum += reader.tryReceive()!.price;
    },
    "tryWrite() and readViews()": () => {
      for (let count = 0; count < MESSAGES; count++) writer.tryWrite(trade);
      writer.flush();
      reader.readViews((view) => void (sum += view.price + view.size));
    },
    "claimAt() and readAt(), fields by DataView": () => {
      const to = new DataView(sender.ring.buffer, sender.ring.byteOffset);
      const from = new DataView(receiver.ring.buffer, receiver.ring.byteOffset);
      for (let count = 0; count < MESSAGES; count++) {
        const at = sender.claimAt(Trade.byteLength);
        to.setFloat64(at, trade.price, true);
        to.setUint32(at + 8, trade.size, true);
        to.setUint32(at + 12, trade.flags, true);
        sender.commit();
      }
      sender.flush();
      receiver.readAt((_, at) =>
        void (sum += from.getFloat64(at, true) + from.getUint32(at + 8, true))
      );
    },
  };
  for (const [index, [name, run]] of Object.entries(ways).entries()) {
    const group = "both ends in one process";
    Deno.bench(`${name}: ${MESSAGES} times`, { group, baseline: index === 0 }, run);
  }
}

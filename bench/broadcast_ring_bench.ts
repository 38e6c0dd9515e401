/**
 * Measures sending to a broadcast ring and receiving from it.
 *
 * @module
 */

import { BroadcastRing, struct, tagged } from "../mod.ts";

/** Number of messages in one iteration, because one message alone is too short to be timed. */
const BATCH = 1000;

for (const byteLength of [64, 1024, 65_536]) {
  const ring = BroadcastRing.anonymous({ capacity: 2 ** 27 });
  const sender = ring.sender();
  const receiver = ring.receiver();
  const message = new Uint8Array(byteLength).fill(7);
  globalThis.addEventListener("unload", () => ring.close());
  const group = `${BATCH} messages of ${byteLength} bytes`;

  Deno.bench(`BroadcastSender.send(), ${group}`, { group, baseline: true }, () => {
    for (let count = 0; count < BATCH; count++) sender.send(message);
  });

  Deno.bench(`BroadcastSender.claimAt() and commit(), ${group}`, { group }, () => {
    for (let count = 0; count < BATCH; count++) {
      sender.ring[sender.claimAt(byteLength)] = 7;
      sender.commit();
    }
  });

  Deno.bench(
    `BroadcastSender.send() and BroadcastReceiver.tryReceive(), ${group}`,
    { group },
    () => {
      for (let count = 0; count < BATCH; count++) {
        sender.send(message);
        if (count % 100 !== 99) continue;
        sender.flush();
        while (receiver.tryReceive() !== undefined);
      }
    },
  );
}

const Trade = struct({ price: "f64", size: "u32", side: "u8" });
const Quote = struct({ bid: "f64", ask: "f64" });

{
  const group = `${BATCH} structs of ${Trade.byteLength} bytes`;
  const bytes = BroadcastRing.anonymous({ capacity: 2 ** 22 });
  const structs = BroadcastRing.anonymous({ capacity: 2 ** 22, message: Trade });
  const events = BroadcastRing.anonymous({
    capacity: 2 ** 22,
    message: tagged({ trade: Trade, quote: Quote }),
  });
  globalThis.addEventListener("unload", () => {
    for (const ring of [bytes, structs, events]) ring.close();
  });
  const ends = {
    bytes: { sender: bytes.sender(), receiver: bytes.receiver() },
    structs: { sender: structs.sender(), receiver: structs.receiver() },
    events: { sender: events.sender(), receiver: events.receiver() },
  };
  const message = new Uint8Array(Trade.byteLength);
  const trade = { price: 1.5, size: 10, side: 1 };

  Deno.bench(
    `Layout.write() and BroadcastSender.send(), ${group}`,
    { group, baseline: true },
    () => {
      for (let count = 0; count < BATCH; count++) {
        Trade.write(message, trade);
        ends.bytes.sender.send(message);
      }
    },
  );

  Deno.bench(`BroadcastSender.write(), ${group}`, { group }, () => {
    for (let count = 0; count < BATCH; count++) ends.structs.sender.write(trade);
  });

  Deno.bench(`BroadcastSender.write() of a tagged struct, ${group}`, { group }, () => {
    for (let count = 0; count < BATCH; count++) {
      ends.events.sender.write({ kind: "trade", value: trade });
    }
  });

  const reads = `${group} read`;
  /** Measures only the reads of messages that are written before. */
  const readBench = (name: string, write: () => void, read: () => void, baseline = false) =>
    Deno.bench(`${name}, ${reads}`, { group: reads, baseline }, (bench) => {
      for (let count = 0; count < BATCH; count++) write();
      bench.start();
      read();
      bench.end();
    });

  let sum = 0;
  readBench(
    "BroadcastReceiver.tryReceive() and Layout.read()",
    () => ends.bytes.sender.send(message),
    () => {
      for (let found; (found = ends.bytes.receiver.tryReceive());) {
        sum += Trade.read(found.bytes).price;
      }
    },
    true,
  );
  readBench(
    "BroadcastReceiver.tryReceive() of a struct",
    () => ends.structs.sender.write(trade),
    () => {
      for (let found; (found = ends.structs.receiver.tryReceive());) sum += found.price;
    },
  );
  const structPrice = (view: { readonly price: number }) => void (sum += view.price);
  readBench(
    "BroadcastReceiver.readViews()",
    () => ends.structs.sender.write(trade),
    () => {
      ends.structs.sender.flush();
      ends.structs.receiver.readViews(structPrice);
    },
  );
  readBench(
    "BroadcastReceiver.readViews() of a tagged struct",
    () => ends.events.sender.write({ kind: "trade", value: trade }),
    () => {
      ends.events.sender.flush();
      ends.events.receiver.readViews(({ kind, value }) => {
        if (kind === "trade") sum += value.price;
      });
    },
  );
}

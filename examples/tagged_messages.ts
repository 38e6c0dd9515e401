/**
 * Sends messages of two kinds from one process to many: trades and quotes. Each message is a struct
 * after a tag, so that a C program can read it, too. One kind of receiver gets copied values, and
 * the other looks at each message in place.
 *
 *     deno run --allow-ffi examples/tagged_messages.ts values --name market
 *     deno run --allow-ffi examples/tagged_messages.ts views --name market
 *     deno run --allow-ffi examples/tagged_messages.ts send --name market --count 1000
 *
 * Start the receivers first: each gets the messages that are sent while it runs.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { BroadcastRing, struct, tagged, utf8 } from "@winipc/winipc";

const Trade = struct({ symbol: utf8(8), price: "f64", size: "u32" });
const Quote = struct({ symbol: utf8(8), bid: "f64", ask: "f64" });
/** The layout of all messages. Sender and receivers must have the same one. */
const Event = tagged({ trade: Trade, quote: Quote });

/** Sends `count` messages: a quote before each trade. */
export function send(name: string, count: number): void {
  using ring = BroadcastRing.openOrCreate(name, { message: Event });
  using sender = ring.sender();
  for (let number = 0; number < count; number++) {
    const price = 100 + number;
    sender.write(
      number % 2 === 0
        ? { kind: "quote", value: { symbol: "WIN", bid: price - 0.5, ask: price + 0.5 } }
        : { kind: "trade", value: { symbol: "WIN", price, size: 10 } },
    );
  }
}

/** Receives values until the sender is closed, and returns the volume of all trades. */
export async function receiveValues(name: string, ready: () => void): Promise<string> {
  using ring = BroadcastRing.openOrCreate(name, { message: Event });
  using receiver = ring.receiver();
  ready();
  let volume = 0;
  for await (const { kind, value } of receiver) {
    if (kind === "trade") volume += value.price * value.size;
  }
  return `The trades had a volume of ${volume}`;
}

/** Looks at messages in place until the sender is closed, and returns the widest spread. */
export async function receiveViews(name: string, ready: () => void): Promise<string> {
  using ring = BroadcastRing.openOrCreate(name, { message: Event });
  using receiver = ring.receiver();
  ready();
  let [count, widest] = [0, 0];
  while (await receiver.waitForMessage()) {
    count += receiver.readViews(({ kind, value }) => {
      if (kind === "quote") widest = Math.max(widest, value.ask - value.bid);
    });
  }
  return `The widest spread in ${count} messages was ${widest}`;
}

if (import.meta.main) {
  const { _: [role], name, count } = parseArgs(Deno.args, {
    string: ["name", "count"],
    default: { name: "winipc-market", count: "1000" },
  });
  const ready = () => console.log("Receiving until the sender closes");
  if (role === "send") {
    send(name, Number(count));
  } else if (role === "values") {
    console.log(await receiveValues(name, ready));
  } else if (role === "views") {
    console.log(await receiveViews(name, ready));
  } else {
    console.error("Usage: tagged_messages.ts send|values|views [--name NAME] [--count N]");
    Deno.exit(2);
  }
}

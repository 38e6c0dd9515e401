/**
 * Sends prices from one process to many. The sender never waits. A slow receiver misses prices, and
 * gets the number of missed prices with the next one.
 *
 *     deno run --allow-ffi examples/broadcast_ring.ts send --name prices
 *     deno run --allow-ffi examples/broadcast_ring.ts receive --name prices --count 100000
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { BroadcastRing, type BroadcastSender } from "@winipc/winipc";

/** The counts of a receiver. */
export interface Seen {
  /** The number of received prices. */
  received: number;
  /** The number of missed prices. */
  missed: number;
  /** The number of prices that were not in the order of sending. */
  wrong: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Sends `count` prices, each with its number. */
export function sendPrices(sender: BroadcastSender, first: number, count: number): void {
  for (let number = first; number < first + count; number++) {
    sender.send(encoder.encode(`${number} EUR/USD ${(1 + Math.sin(number) / 10).toFixed(4)}`));
  }
}

/** Sends prices until the standard input ends, a thousand in each event-loop turn. */
export async function send(name: string): Promise<void> {
  using ring = BroadcastRing.create(name, { capacity: 65_536 });
  using sender = ring.sender();
  let over = false;
  void untilTheInputEnds().then(() => over = true);
  for (let number = 0; !over; number += 1000) {
    sendPrices(sender, number, 1000);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Receives `count` prices, or fewer if the sender is closed before. */
export async function receive(name: string, count: number, signal: AbortSignal): Promise<Seen> {
  using ring = await BroadcastRing.waitFor(name, { signal });
  using receiver = ring.receiver();
  const seen: Seen = { received: 0, missed: 0, wrong: 0 };
  let last: number | undefined;
  while (seen.received < count) {
    const message = await receiver.receive({ signal });
    if (message === undefined) break;
    const { bytes, missed } = message;
    const number = Number.parseInt(decoder.decode(bytes));
    if (last !== undefined && number !== last + missed + 1) seen.wrong++;
    last = number;
    seen.received++;
  }
  return { ...seen, missed: receiver.missed };
}

async function untilTheInputEnds(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}

if (import.meta.main) {
  const { _: [role], name, count, timeout } = parseArgs(Deno.args, {
    string: ["name", "count", "timeout"],
    default: { name: "winipc-prices", count: "100000", timeout: "30000" },
  });
  if (role === "send") {
    console.log("Sending prices until the standard input ends");
    await send(name);
  } else if (role === "receive") {
    const signal = AbortSignal.timeout(Number(timeout));
    const { received, missed, wrong } = await receive(name, Number(count), signal);
    console.log(`Received ${received} prices, missed ${missed}, ${wrong} were out of order`);
  } else {
    console.error("Usage: broadcast_ring.ts send|receive [--name NAME] [--count N] [--timeout MS]");
    Deno.exit(2);
  }
}

/**
 * The desk's price feed: sends prices, and then the end of the day.
 *
 *     deno run --allow-ffi examples/desk/prices.ts
 *
 * Start blotter.ts and strategy.ts first.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { Desk, type Price } from "./desk.ts";

/** Sends prices that rise and fall. */
export async function sendPrices(name: string, count: number, pause: number): Promise<void> {
  await using desk = await Desk.open(name);
  const send = desk.sender<Price>("prices");
  for (let number = 0; number < count; number++) {
    await send({
      symbol: "WIN",
      number,
      price: 100 + Math.round(500 * Math.sin(number / 8)) / 100,
    });
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  await send("closed");
}

if (import.meta.main) {
  const { desk, count, pause } = parseArgs(Deno.args, {
    string: ["desk", "count", "pause"],
    default: { desk: "desk", count: "200", pause: "50" },
  });
  await sendPrices(desk, Number(count), Number(pause));
  console.log(`Sent ${count} prices`);
}

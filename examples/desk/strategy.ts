/**
 * The desk's strategy: buys when the price is low, and sells when it is high.
 *
 *     deno run --allow-ffi examples/desk/strategy.ts
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { Desk, type Order, type Price } from "./desk.ts";

/** Trades until the end of the day. Returns the number of prices that it has seen. */
export async function trade(name: string): Promise<number> {
  await using desk = await Desk.open(name);
  const send = desk.sender<Order>("orders");
  const prices = await desk.receiver<Price>("prices");
  console.log("Waiting for prices");
  let [seen, holds] = [0, false];
  for await (const message of prices) {
    if (message === "closed") break;
    seen++;
    if (holds ? message.price >= 104 : message.price <= 96) {
      await send({ ...message, side: holds ? "sell" : "buy" });
      holds = !holds;
    }
  }
  await send("closed");
  return seen;
}

if (import.meta.main) {
  const { desk } = parseArgs(Deno.args, { string: ["desk"], default: { desk: "desk" } });
  console.log(`Saw ${await trade(desk)} prices`);
}

/**
 * The desk's blotter: prints the orders, and what they have earned at the end of the day.
 *
 *     deno run --allow-ffi examples/desk/blotter.ts
 *     deno run --allow-ffi examples/desk/strategy.ts
 *     deno run --allow-ffi examples/desk/prices.ts
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { Desk, type Order } from "./desk.ts";

/** Prints orders until the end of the day. */
export async function printOrders(name: string): Promise<void> {
  await using desk = await Desk.open(name);
  const orders = await desk.receiver<Order>("orders");
  console.log("Waiting for orders");
  let cash = 0;
  for await (const order of orders) {
    if (order === "closed") break;
    const { side, symbol, number, price } = order;
    cash += side === "buy" ? -price : price;
    console.log(`${side} ${symbol} at ${price.toFixed(2)}, price ${number}`);
  }
  console.log(`The cash has changed by ${cash.toFixed(2)}`);
}

if (import.meta.main) {
  const { desk } = parseArgs(Deno.args, { string: ["desk"], default: { desk: "desk" } });
  await printOrders(desk);
}

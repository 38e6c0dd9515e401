/**
 * Plays one end of a connection.
 *
 * @module
 */

import type { PipeConnection } from "../../../src/pipe/mod.ts";
import { within } from "../../support/within.ts";
import { type Plan, randomFor, type Side } from "./plan.ts";
import { readAll, type Received } from "./reader.ts";
import { type Sent, writeAll } from "./writer.ts";

/** What an end has written and read. */
export interface Report {
  sent: Sent;
  received: Received;
}

/** Plays one end of a connection, until it is closed. */
export async function playEnd(
  connection: PipeConnection,
  { seed, plan, side }: { seed: number; plan: Plan; side: Side },
): Promise<Report> {
  const { ending, closer, soon, streams } = plan;
  const random = randomFor(seed, plan.id, side === "server" ? 3 : 4);
  const common = { seed, plan, random };
  const reading = readAll(connection, {
    ...common,
    from: side === "server" ? "client" : "server",
    isStream: streams[side].reads,
  });
  // The error comes below.
  reading.catch(() => {});
  const close = () => ending.startsWith("abort") ? connection.abort() : connection.close();
  const closes = side === closer && ending !== "closeWrite";
  if (closes && ending.endsWith("soon")) setTimeout(close, soon);
  const isStream = streams[side].writes;
  const { isBroken, settle } = await writeAll(connection, { ...common, from: side, isStream });
  if (ending === "closeWrite") {
    // The peer can have been killed. Otherwise the comparison finds that something is lost.
    if (!isBroken) await connection.closeWrite().catch(ignoreBrokenPipe);
  } else if (ending === "both" || closes && !ending.endsWith("soon")) close();
  const received = await reading;
  connection.close();
  // Closing twice changes nothing.
  connection.close();
  await within(`connection ${plan.id} is closed`, connection.closed);
  return { sent: await settle(), received };
}

function ignoreBrokenPipe(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}

/**
 * Compares what one end has written with what its peer has read.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Report } from "./end.ts";
import type { Plan, Side } from "./plan.ts";
import type { Received } from "./reader.ts";
import { headerOf, recordOf } from "./record.ts";
import type { Fate, Sent } from "./writer.ts";

/** Maximum number of records that a killed process can have written. */
const UNKNOWN = 64;

/**
 * Asserts that each end has read exactly what its peer has written.
 *
 * @param reports The reports of both ends; `undefined` for a process that was killed.
 */
export function checkReports(
  seed: number,
  plan: Plan,
  reports: Record<Side, Report | undefined>,
): void {
  for (const [from, to] of [["server", "client"], ["client", "server"]] as const) {
    const received = reports[to]?.received;
    if (received === undefined) continue;
    const text = `Seed ${seed}, connection ${plan.id} from ${from}: ${JSON.stringify(plan)}`;
    checkOne(text, { seed, plan, from, received, sent: reports[from]?.sent });
  }
}

function checkOne(text: string, { seed, plan, from, received, sent }: {
  seed: number;
  plan: Plan;
  from: Side;
  received: Received;
  sent: Sent | undefined;
}): void {
  const fates: readonly Fate[] = sent?.fates ?? Array<Fate>(UNKNOWN).fill("maybe");
  const details = () => `${text}: ${JSON.stringify({ received, sent })}`;
  const canTear = sent === undefined || plan.ending.startsWith("abort") && plan.closer === from ||
    received.end === "BadResource";
  assert(canTear || received.torn === 0 && received.end !== "ConnectionReset", details());

  /** The numbers of the records that can come next. */
  let next = new Set([0]);
  for (const record of received.records) {
    const after = new Set<number>();
    for (const first of next) {
      for (let number = first; number < fates.length; number++) {
        if (isRecord(record, number)) after.add(number + 1);
        if (fates[number] === "written") break;
      }
    }
    next = after;
    assert(next.size > 0, `Record ${record} came at the wrong place. ${details()}`);
  }
  // A process that was killed, or an end that closed early, has not read everything.
  if (received.end !== "null" || sent === undefined) return;
  const rest = [...next].map((first) => fates.slice(first));
  assert(rest.some((left) => !left.includes("written")), `Records are missing. ${details()}`);

  function isRecord(record: number | string, number: number): boolean {
    if (typeof record === "number") return record === number;
    const bytes = recordOf(seed, plan, from, number);
    return headerOf(bytes) === undefined && bytes.toHex() === record;
  }
}

/**
 * Many open events. The near end creates and sets them, and the far end answers by one further
 * event.
 *
 * @module
 */

import { SharedEvent } from "../../../../mod.ts";
import type { Side } from "../../link.ts";
import type { OpenEnds } from "./open_ends.ts";
import { now, PATIENCE } from "./serve.ts";

/** Opens the ends of events whose names begin with `name`. */
export async function openEvents(name: string, side: Side): Promise<OpenEnds> {
  const isNear = side === "near";
  const events: SharedEvent[] = [];
  const answer = isNear
    ? SharedEvent.create(`${name}-answer`)
    : await SharedEvent.waitFor(`${name}-answer`, PATIENCE);
  const openOne = isNear ? SharedEvent.create : SharedEvent.open;
  let opened = 0;
  return {
    open(count) {
      for (let more = 0; more < count; more++) events.push(openOne(`${name}-${opened++}`));
    },
    trips(count) {
      return Array.from({ length: count }, (_, number) => {
        const start = now();
        const event = events[number % events.length]!;
        if (isNear) event.set();
        (isNear ? answer : event).waitSync(PATIENCE);
        if (!isNear) answer.set();
        return now() - start;
      });
    },
    close() {
      for (const event of events.splice(0)) event.close();
    },
  };
}

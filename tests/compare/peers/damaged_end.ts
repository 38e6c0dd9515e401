/**
 * An end whose link damages one byte of one frame: `damaged_end.ts far|near WAY NAME`. The way is
 * the end that damages a frame: `near`, `far` or `none`. With `pipe-bytes`, the far end does so.
 *
 * @module
 */

import { runEnd } from "../../../bench/compare/ends/driver.ts";
import { sequenceAt } from "../../../bench/compare/ends/frames.ts";
import { events } from "../../../bench/compare/ends/ways/events.ts";
import type { Link, Side, WayOfProgram } from "../../../bench/compare/link.ts";

/** The number of a frame of a validation that goes there and back. */
const EARLY = 5;
/** The number of a frame of a validation that goes one way. */
const LATE = 300;

function damagedBy(damaging: Side, sequence: number): WayOfProgram {
  return {
    async open(side, name, ready) {
      const link = await events.open(side, name, ready);
      return side === damaging ? damage(link, sequence) : link;
    },
  };
}

function damage(link: Link, sequence: number): Link {
  return {
    send(frame) {
      const copy = frame.slice();
      if (sequenceAt(frame, 0) === sequence) copy[copy.length - 1]! ^= 1;
      return link.send(copy);
    },
    receive: (length) => link.receive(length),
    close: () => link.close(),
  };
}

const far = damagedBy("far", EARLY);
await runEnd({ near: damagedBy("near", LATE), far, none: events, "pipe-bytes": far });

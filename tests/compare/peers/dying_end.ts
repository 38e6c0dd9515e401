/**
 * An end that is killed in the middle of the measurement: the far end of the way `pipe-bytes`, or the
 * near end of the way `tcp`. Arguments: `far|near pipe-bytes|tcp NAME`.
 *
 * @module
 */

import { runEnd } from "../../../bench/compare/ends/driver.ts";
import { tcp } from "../../../bench/compare/ends/ways/tcp.ts";
import type { Link, Side, WayOfProgram } from "../../../bench/compare/link.ts";

/** More frames than a validation has, and fewer than the measurement of a length. */
const LIFE = 700;

function killing(killed: Side): WayOfProgram {
  return {
    async open(side, name, ready) {
      const link = await tcp.open(side, name, ready);
      return side === killed ? dieLater(link) : link;
    },
  };
}

function dieLater(link: Link): Link {
  let left = LIFE;
  return {
    send: (frame) => link.send(frame),
    receive(length) {
      if (left-- === 0) Deno.kill(Deno.pid, "SIGKILL");
      return link.receive(length);
    },
    close: () => link.close(),
  };
}

await runEnd({ "pipe-bytes": killing("far"), "tcp": killing("near") });

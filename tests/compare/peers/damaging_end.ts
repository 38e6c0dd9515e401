/**
 * An end whose far side changes one byte of the frame with the number 3. Arguments:
 * `far|near pipe-bytes NAME`.
 *
 * @module
 */

import { runEnd } from "../../../bench/compare/ends/driver.ts";
import { tcp } from "../../../bench/compare/ends/ways/tcp.ts";
import type { Link, WayOfProgram } from "../../../bench/compare/link.ts";

const damaging: WayOfProgram = {
  async open(side, name, ready) {
    const link = await tcp.open(side, name, ready);
    return side === "far" ? damage(link) : link;
  },
};

function damage(link: Link): Link {
  let number = 0;
  return {
    async send(frame) {
      const sent = frame.slice();
      if (number++ === 3) sent[sent.length - 1]! ^= 1;
      await link.send(sent);
    },
    receive: (length) => link.receive(length),
    close: () => link.close(),
  };
}

await runEnd({ "pipe-bytes": damaging });

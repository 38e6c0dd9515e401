/**
 * A child that the library starts, and its standard input and output.
 *
 * @module
 */

import { spawn } from "../../../../mod.ts";
import type { WayOfProgram } from "../../link.ts";
import { childLink, farArguments, ParentLink } from "./stdio_link.ts";

/** The near end starts the far end by the library's `spawn()`. */
export const spawnStdio: WayOfProgram = {
  open(side, name) {
    if (side === "far") return childLink();
    return new ParentLink(spawn(Deno.execPath(), {
      args: farArguments(name),
      stdin: "piped",
      stdout: "piped",
      killWithParent: true,
    }));
  },
};

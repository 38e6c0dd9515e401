/**
 * A child that `Deno.Command` starts, and its standard input and output.
 *
 * @module
 */

import type { WayOfProgram } from "../../link.ts";
import { childLink, farArguments, ParentLink } from "./stdio_link.ts";

/** The near end starts the far end by `Deno.Command`. */
export const commandStdio: WayOfProgram = {
  open(side, name) {
    if (side === "far") return childLink();
    const args = farArguments(name);
    return new ParentLink(
      new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn(),
    );
  },
};

/**
 * Writes to its standard output until nobody reads that any more, and then sets the event whose name
 * it is given.
 *
 * @module
 */

import { SharedEvent } from "../../../mod.ts";

using ended = SharedEvent.open(Deno.args[0]!);
try {
  for (;;) {
    Deno.stdout.writeSync(new Uint8Array(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
} catch {
  ended.set();
}

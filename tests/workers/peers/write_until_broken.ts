/**
 * Writes to the standard output until the pipe is broken, and then sets an event. The argument is
 * the event's name.
 *
 * @module
 */

import { SharedEvent } from "../../../src/sync/mod.ts";

using ended = SharedEvent.open(Deno.args[0]!);
try {
  for (;;) {
    Deno.stdout.writeSync(new Uint8Array(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
} catch {
  ended.set();
}

/**
 * Mailslots as targets.
 *
 * @module
 */

import { Mailslot, openMailslot } from "../../pipe/mod.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/** Opens a mailslot to send to it. */
export function openMailslotSink(name: string): Sink {
  const sender = openMailslot(name);
  return {
    send: ({ bytes }) => sender.send(bytes),
    close: () => sender.close(),
  };
}

/**
 * Creates a mailslot, and receives its messages.
 *
 * @throws {Deno.errors.AlreadyExists} If another process has the mailslot.
 */
export function openMailslotSource(name: string): Source {
  const mailslot = createMailslot(name);
  return {
    next: async (signal) => ({ bytes: await mailslot.receive({ signal }) }),
    close: () => mailslot.close(),
  };
}

function createMailslot(name: string): Mailslot {
  try {
    return Mailslot.create(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Deno.errors.AlreadyExists(
      `Cannot listen on the mailslot ${JSON.stringify(name)}: another process has it, and only ` +
        "the process that created a mailslot can receive from it",
    );
  }
}

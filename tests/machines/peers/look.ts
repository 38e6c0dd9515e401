// Prints for each object of share.ts whether this process finds it: look.ts NAME

import { findWindow } from "../../../src/messages/mod.ts";
import { RingChannel } from "../../../src/channel/mod.ts";
import { connectPipe, openMailslot } from "../../../src/pipe/mod.ts";

const [name = ""] = Deno.args;
const finders: Record<string, () => unknown> = {
  ring: () => RingChannel.open(name),
  pipe: () => connectPipe(name, { timeout: 10_000 }),
  mailslot: () => openMailslot(name),
  window: () => findWindow({ class: name, timeout: 0 }),
};
for (const [kind, find] of Object.entries(finders)) {
  try {
    await find();
    console.log(kind, "found");
  } catch (error) {
    console.log(kind, error instanceof Error ? error.name : error);
  }
}
Deno.exit();

// Task: test:peers
//
// How many links a window takes, and how long a client waits for a window.

import { assertEquals, assertRejects } from "@std/assert";
import { findWindow } from "../../../src/messages/mod.ts";
import { listenWindow, windowLink } from "../../../src/rpc/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { within } from "../../support/within.ts";

Deno.test("listenWindow has maxLinks open links, and takes another client when one is over", async () => {
  await using listener = await listenWindow({ maxLinks: 1 });
  const first = await windowLink(listener, soon);
  const taken = await listener.accept(soon);
  await assertRejects(
    () => windowLink(listener, { timeout: 3000 }),
    Deno.errors.TimedOut,
    "may not take links",
  );
  // Nobody reads the listener's end.
  await first[Symbol.asyncDispose]();
  await within("the listener's end is over", taken.closed);
  await using second = await windowLink(listener, soon);
  await using third = await listener.accept(soon);
  await second.send("value", soon);
  assertEquals((await third[Symbol.asyncIterator]().next()).value, "value");
});

Deno.test("windowLink waits as long as its timeout says for a window that takes its message late", async () => {
  const name = randomName();
  // Longer than the default timeout.
  await using _peer = await Peer.start("rpc/links/peers/slow_window.ts", name, "6500");
  const window = await findWindow({ class: name, ...soon });
  await assertRejects(
    () => windowLink(window, soon),
    Deno.errors.ConnectionRefused,
    "it has refused the message",
  );
});

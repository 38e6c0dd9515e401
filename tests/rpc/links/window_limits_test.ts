// Task: test:peers
//
// How many links a window takes.

import { assertEquals, assertRejects } from "@std/assert";
import { listenWindow, windowLink } from "../../../src/rpc/mod.ts";
import { within } from "../../support/within.ts";

const soon = { timeout: 20_000 };

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

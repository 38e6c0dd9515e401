import { assertEquals, assertRejects } from "@std/assert";
import { SharedEvent, waitAll } from "../../src/sync/mod.ts";
import { within } from "../support/within.ts";

// Each test file is a script of its own, so the first wait for all of several objects loads the
// pool of wait threads.
Deno.test("A first wait that is cancelled at once takes nothing, and waits after it do", async () => {
  using first = SharedEvent.anonymous({ signalled: true });
  using second = SharedEvent.anonymous();
  using third = SharedEvent.anonymous({ signalled: true });
  using closed = SharedEvent.anonymous();
  const stop = new AbortController();
  const cancelled = waitAll([first, second], { signal: stop.signal });
  const other = waitAll([third], { timeout: 5000 });
  const ofClosed = waitAll([closed], { timeout: 5000 });
  stop.abort(new Error("stopped"));
  closed.close();
  await assertRejects(() => within("the wait is cancelled", cancelled, 5000), Error, "stopped");
  await assertRejects(
    () => within("the close ends the wait", ofClosed, 5000),
    Deno.errors.BadResource,
  );
  assertEquals(await other, {});
  first.waitSync({ timeout: 0 });
  await assertRejects(() => waitAll([third], { timeout: 1 }), Deno.errors.TimedOut);
});

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { BroadcastRing, RingChannel } from "../../mod.ts";

for (
  const [title, ring] of [
    ["RingReceiver", () => RingChannel.anonymous()],
    ["BroadcastReceiver", () => BroadcastRing.anonymous()],
  ] as const
) {
  Deno.test(`${title}.values() ends its wait by its timeout and by its signal, and goes on later`, async () => {
    using both = ring();
    using receiver = both.receiver();
    using sender = both.sender();
    await assertRejects(() => receiver.values({ timeout: 5 }).next(), Deno.errors.TimedOut);
    const reason = new Error("Enough");
    const stop = new AbortController();
    const waiting = receiver.values({ signal: stop.signal }).next();
    stop.abort(reason);
    assertStrictEquals(await assertRejects(() => waiting), reason);
    await sender.sendValue(1);
    assertEquals(await receiver.values({ timeout: 10_000 }).next(), { done: false, value: 1 });
  });
}

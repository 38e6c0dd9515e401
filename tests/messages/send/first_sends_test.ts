import { assertEquals, assertRejects } from "@std/assert";
import { CopyDataListener, sendCopyData, sendMessage } from "../../../src/messages/mod.ts";

const WM_USER = 0x400;

// Each test file is a script of its own, so the first send to a window of another thread loads the
// pool of send threads.
Deno.test("The first sends of a script arrive in their order, without one that is cancelled", async () => {
  await using listener = await CopyDataListener.open({ answers: { [WM_USER]: 9 }, answer: 1 });
  const stop = new AbortController();
  const bytes = Uint8Array.of(0);
  const sends = [1, 2, 3, 4, 5].map((id) => {
    bytes[0] = id;
    return sendCopyData(listener, bytes, id === 3 ? { id, signal: stop.signal } : { id });
  });
  bytes[0] = 99;
  const answer = sendMessage(listener, WM_USER);
  stop.abort(new Error("stopped"));
  await assertRejects(() => sends[2]!, Error, "stopped");
  for (const id of [1, 2, 4, 5]) {
    assertEquals(await sends[id - 1], 1n);
    const message = await listener.receive({ timeout: 5000 });
    assertEquals([message?.id, message?.bytes[0]], [BigInt(id), id]);
  }
  assertEquals(await answer, 9n);
});

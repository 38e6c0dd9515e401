import { assertEquals, assertStrictEquals } from "@std/assert";
import { Handling, handlingNow, runHandler } from "../../../src/messages/window/procedure.ts";
import { CopyDataListener } from "../../../src/messages/mod.ts";

Deno.test("handlingNow() returns the running handler only after a listener with a handler was opened", async () => {
  const handling = new Handling();
  await using _reader = await CopyDataListener.open({ answers: { 0x400: 1 } });
  assertEquals(runHandler(handling, handlingNow), undefined);
  await using _handler = await CopyDataListener.open({ onMessage: () => 1 });
  assertStrictEquals(runHandler(handling, handlingNow), handling);
  handling.end();
  assertEquals(runHandler(handling, handlingNow), undefined);
});

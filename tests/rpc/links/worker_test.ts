// Task: test:peers
//
// The ways in which a Worker can end, and what its script keeps for itself.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { workerLink } from "../../../src/rpc/links/worker.ts";
import { within } from "../../support/within.ts";
import { KINDS } from "./kinds.ts";

const { open } = KINDS.find(({ name }) => name === "a Worker")!;
const soon = { timeout: 20_000 };

for (const how of ["throw", "close"] as const) {
  Deno.test(`A link to a Worker fails when the Worker ends by "${how}", and this process goes on`, async () => {
    await using other = await open();
    const { link } = other;
    const iterator = link[Symbol.asyncIterator]();
    await link.send("ready", soon);
    assertEquals((await within("a value comes", iterator.next())).value, "ready");
    other.end!(how);
    const error = await assertRejects(
      () => within("the link ends", iterator.next()),
      Deno.errors.ConnectionReset,
      "link to a Worker",
    );
    assertEquals(String(error.cause).includes("thrown on purpose"), how === "throw");
    await link.closed;
  });
}

Deno.test("A link to a Worker that makes no link waits, and leaves other messages to the script", async () => {
  const source = 'onmessage = ({ data }) => { if (data === "ping") postMessage("pong"); };';
  const worker = new Worker(`data:text/javascript,${source}`, { type: "module" });
  {
    await using link = workerLink(worker);
    await assertRejects(() => link.send(1, { timeout: 50 }), Deno.errors.TimedOut, "workerLink()");
    const { promise, resolve } = Promise.withResolvers<unknown>();
    worker.onmessage = ({ data }) => typeof data === "string" && resolve(data);
    worker.postMessage("ping");
    assertEquals(await within("the Worker answers", promise), "pong");
  }
  worker.terminate();
});

Deno.test("workerLink needs a Worker", () => {
  assertThrows(() => workerLink(), TypeError, "this thread is not a Worker");
  // @ts-expect-error -- a name is no Worker
  assertThrows(() => workerLink("name"), TypeError, "Expected the worker");
});

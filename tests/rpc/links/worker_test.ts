// Task: test:peers
//
// The ways in which a Worker can end, and what its script keeps for itself.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { workerLink } from "../../../src/rpc/links/worker.ts";
import { soon } from "../../support/soon.ts";
import { within } from "../../support/within.ts";
import { KINDS } from "./kinds.ts";

const { open } = KINDS.find(({ name }) => name === "a Worker")!;
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

// The sanitizer of timers fails this test if the link begins to end twice.
Deno.test("Links to Workers whose error and end come at the same time end once", async () => {
  await using stack = new AsyncDisposableStack();
  const others = [];
  for (let index = 0; index < 4; index++) {
    const other = stack.use(await open());
    await other.link.send("ready", soon);
    others.push(other);
  }
  const ends = others.map(async ({ link, end }) => {
    const iterator = link[Symbol.asyncIterator]();
    assertEquals((await within("a value comes", iterator.next())).value, "ready");
    end!("throw");
    const ended = () => within("the link ends", iterator.next());
    await assertRejects(ended, Deno.errors.ConnectionReset, "the Worker has failed");
    await link.closed;
  });
  await new Promise((resolve) => setTimeout(resolve));
  // The Workers' threads end before this thread sees their errors.
  blockFor(500);
  await Promise.all(ends);
});

function blockFor(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
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

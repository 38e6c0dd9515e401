// Task: test:faults
//
// Links leave no handles, whichever way they end.

import { assertEquals, assertRejects } from "@std/assert";
import { connectRing, listenRing, RingChannel } from "../../../src/channel/mod.ts";
import { connectPipe, listenPipe } from "../../../src/pipe/mod.ts";
import { spawn } from "../../../src/process/mod.ts";
import {
  channelLink,
  childLink,
  listenWindow,
  type MessageLink,
  pipeLink,
  ringLink,
  windowLink,
} from "../../../src/rpc/mod.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

/** Makes both ends of a link, and a function that closes what the link leaves to the script. */
type Pair = [near: MessageLink, far: MessageLink, close?: () => void];

async function rings(): Promise<Pair> {
  const name = randomName();
  using listener = listenRing(name);
  const [near, far] = await Promise.all([connectRing(name, soon), listener.accept(soon)]);
  return [ringLink(near), ringLink(far)];
}

function channels(): Promise<Pair> {
  const [there, back] = [RingChannel.anonymous(), RingChannel.anonymous()];
  const near = channelLink({ sender: there.sender(), receiver: back.receiver() });
  const far = channelLink({ sender: back.sender(), receiver: there.receiver() });
  const close = () => {
    there.close();
    back.close();
  };
  return Promise.resolve([near, far, close]);
}

async function pipe(): Promise<Pair> {
  const name = randomName();
  using listener = listenPipe({ name, mode: "messages" });
  const near = await connectPipe(name, { mode: "messages", ...soon });
  return [pipeLink(near), pipeLink(await listener.accept(soon))];
}

async function windows(): Promise<Pair> {
  await using listener = await listenWindow();
  const [near, far] = await Promise.all([windowLink(listener, soon), listener.accept(soon)]);
  return [near, far];
}

for (const open of [rings, channels, pipe, windows]) {
  Deno.test(`Links over ${open.name} leave no handles: closed by either end, or by both at once`, async () => {
    // Each link over windows starts two threads, which takes half a second on Wine.
    await assertLeavesNoHandle(open === windows ? 1 : 3, async () => {
      for (const ends of [[0, 1], [1, 0], [0, 1, 0]] as const) {
        const [near, far, close] = await open();
        const links = [near, far] as const;
        await near.send("value", soon);
        const iterator = far[Symbol.asyncIterator]();
        assertEquals(await iterator.next(), { done: false, value: "value" });
        const pending = [near[Symbol.asyncIterator]().next(), iterator.next()];
        const closing = ends.map((end) => links[end][Symbol.asyncDispose]());
        await Promise.all([...closing, near.closed, far.closed]);
        for (const result of await Promise.all(pending)) assertEquals(result.done, true);
        close?.();
      }
    });
  });
}

Deno.test("Links to children leave no handles after the child's death", async () => {
  await assertLeavesNoHandle(2, async () => {
    await using child = spawn("cmd", { stdin: "piped", stdout: "piped", args: ["/c", "exit 3"] });
    const link = childLink(child);
    await assertRejects(
      () => link[Symbol.asyncIterator]().next(),
      Deno.errors.ConnectionReset,
      "exit code is 3",
    );
    await link.closed;
  });
});

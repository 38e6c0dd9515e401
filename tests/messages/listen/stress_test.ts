// Task: test:faults

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { CopyDataListener, findWindow, sendCopyData } from "../../../src/messages/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { SLOWNESS } from "../../support/slowness.ts";

const SENDERS = 4;

/** Starts senders, which send when the test calls `go()`. */
async function startSenders(className: string, count: number) {
  const peers = await Promise.all(
    Array.from(
      { length: SENDERS },
      (_, id) => Peer.start("messages/peers/numbered_sender.ts", className, `${count}`, `${id}`),
    ),
  );
  const go = () => Promise.all(peers.map((peer) => peer.send("go")));
  const results = () => Promise.all(peers.map((peer) => peer.nextLine()));
  const dispose = () => Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
  return { peers, go, results, [Symbol.asyncDispose]: async () => void await dispose() };
}

Deno.test("CopyDataListener returns all messages of four senders, and each sender's messages in order", async () => {
  const EACH = 5000;
  await using listener = await CopyDataListener.open({ highWaterMark: SENDERS * EACH });
  await using senders = await startSenders(listener.class, EACH);
  await senders.go();
  const seen = new Array(SENDERS).fill(0);
  for (let left = SENDERS * EACH; left > 0; left--) {
    const message = (await listener.receive({ timeout: 60_000 * SLOWNESS }))!;
    const number = new Uint32Array(message.bytes.buffer)[0];
    // Each number follows the last number of the same sender.
    assertEquals(number, seen[Number(message.id)]++);
  }
  assertEquals(await senders.results(), new Array(SENDERS).fill(`${EACH} done`));
  assertEquals(listener.stats.accepted, SENDERS * EACH);
  assertEquals(listener.stats.waiting, 0);
});

Deno.test("CopyDataListener that is closed under load returns all messages that it has answered with 1", async () => {
  const listener = await CopyDataListener.open({ highWaterMark: 2 ** 20 });
  await using senders = await startSenders(listener.class, 2 ** 20);
  await senders.go();
  let read = 0;
  while (read < 1000) {
    await listener.receive({ timeout: 60_000 * SLOWNESS });
    read++;
  }
  await listener.close();
  for await (const _ of listener) read++;
  let answered = 0;
  for (const result of await senders.results()) {
    const [count, end] = result.split(" ");
    assertEquals(end, "NotFound");
    answered += Number(count);
  }
  assertEquals(read, answered);
});

Deno.test("sendCopyDataSync() throws NotFound soon if the listener's process is killed under load", async () => {
  const name = randomName();
  await using listener = await Peer.start("messages/peers/listener.ts", "--class", name);
  await using senders = await startSenders(name, 2 ** 20);
  await senders.go();
  for (let i = 0; i < 100; i++) await listener.nextLine();
  const started = performance.now();
  listener.kill();
  for (const result of await senders.results()) {
    assert(result.endsWith(" NotFound"), result);
    assertGreater(Number(result.split(" ")[0]), 0);
  }
  // For a window that hangs the senders would wait for 20 s.
  assertLess(performance.now() - started, 15_000);
});

Deno.test("CopyDataListener answers other senders after senders were killed during a send", async () => {
  const blocked = Promise.withResolvers<number>();
  await using listener = await CopyDataListener.open({
    onMessage: (message) => message.id === 0n ? blocked.promise : 1,
  });
  await using senders = await startSenders(listener.class, 2 ** 20);
  await senders.go();
  while (listener.stats.accepted < 200) await new Promise((resolve) => setTimeout(resolve, 5));
  // One sender waits for its answer, and the state of the rest is unknown.
  for (const peer of senders.peers) peer.kill();
  await Promise.all(senders.peers.map((peer) => peer.gone()));
  assertEquals(await sendCopyData(listener, "", { id: 9 }), 1n);
  blocked.resolve(1);
  await using last = await Peer.start(
    "messages/peers/numbered_sender.ts",
    listener.class,
    "100",
    "9",
  );
  assertEquals(await last.ask("go"), "100 done");
});

Deno.test("CopyDataListener answers messages while its script blocks", async () => {
  await using listener = await CopyDataListener.open();
  await using sender = await Peer.start(
    "messages/peers/numbered_sender.ts",
    listener.class,
    "500",
    "1",
  );
  await sender.send("go");
  while (listener.stats.accepted < 500) {
    // No event-loop turn passes between the blocks.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  assertEquals(await sender.nextLine(), "500 done");
  assertEquals(listener.stats.waiting, 500);
  assert(await findWindow({ class: listener.class }));
});

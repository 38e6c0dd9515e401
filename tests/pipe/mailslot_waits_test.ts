// Task: test:peers

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Mailslot, openMailslot } from "../../src/pipe/mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { Random } from "../support/random.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";
import { soon } from "../support/soon.ts";
import { soon as until, throws } from "../workers/owning_worker.ts";
import { within } from "../support/within.ts";
import { countOperations } from "./count_operations.ts";

/** Receives once with a random limit, or looks once. Returns `undefined` if nothing came in time. */
async function receiveOrGiveUp(mailslot: Mailslot, random: Random) {
  const choice = random.below(4);
  if (choice === 0) return mailslot.tryReceive();
  const controller = new AbortController();
  const time = random.below(3);
  const timer = setTimeout(() => controller.abort(), time);
  try {
    if (choice === 1) return await mailslot.receive({ timeout: time });
    return await mailslot.receive({ signal: controller.signal });
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return undefined;
    if (controller.signal.aborted && error === controller.signal.reason) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("Waits that are stopped at random times lose no message and change no order", async () => {
  const random = new Random(0x5107);
  using mailslot = Mailslot.create(randomName());
  await using sender = await Peer.start("pipe/peers/mailslot_end.ts", "send", mailslot.path);
  let stopped = 0;
  for (let round = 0; round < 200; round++) {
    const count = 1 + random.below(6);
    const sent = sender.ask(`many ${count}`);
    for (let number = 0; number < count;) {
      const message = await receiveOrGiveUp(mailslot, random);
      if (message === undefined) {
        stopped++;
        // A peer on the same processor needs time to send.
        if (stopped % 8 === 0) await new Promise((resolve) => setTimeout(resolve));
        continue;
      }
      assertEquals(new DataView(message.buffer).getUint32(0, true), number++);
    }
    assertEquals(await sent, "sent");
  }
  assertEquals(mailslot.info.messageCount, 0);
  assert(stopped > 30, `${stopped} waits were stopped`);
});

Deno.test("A receive() that waits lets files and timers go on, and wakes up after a long time", async () => {
  using mailslot = Mailslot.create(randomName());
  using sender = openMailslot(mailslot.path);
  for (const pause of [0, 1, 20, 250]) {
    const next = mailslot.receive(soon);
    await new Promise((resolve) => setTimeout(resolve, pause));
    await within("a file is found", Deno.stat(new URL(import.meta.url)));
    sender.send(Uint8Array.of(pause));
    assertEquals(await next, Uint8Array.of(pause));
  }
});

Deno.test("unref() lets the process end during a receive(), and a wait otherwise keeps it", async () => {
  for (const how of ["unref", "unref later"]) {
    assertEquals(await runPeer("pipe/peers/pending_receive.ts", [how, randomName()]), ["ready"]);
  }
  const name = randomName();
  await using peer = await Peer.start("pipe/peers/pending_receive.ts", "ref", name);
  using sender = openMailslot(name);
  sender.send(new Uint8Array(6));
  assertEquals(await peer.nextLine(), "received 6");
  assertEquals((await peer.gone()).code, 0);
});

Deno.test("A mailslot works in a Worker, and is closed when the Worker is terminated", async () => {
  const name = randomName();
  const url = peerUrl("pipe/peers/mailslot_worker.ts");
  const worker = new Worker(url, { type: "module", name });
  const nextWord = () =>
    within<string>(
      "the Worker posts a word",
      new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data)),
    );
  try {
    assertEquals(await nextWord(), "ready");
    using sender = openMailslot(name);
    for (const size of [0, 3, 100_000]) {
      const word = nextWord();
      sender.send(new Uint8Array(size));
      assertEquals(await word, `${size}`);
    }
  } finally {
    // It is terminated during a receive().
    worker.terminate();
  }
  await until(
    "the name is free",
    () => throws(Deno.errors.NotFound, () => openMailslot(name).close()),
  );
  using again = Mailslot.create(name);
  assertEquals(again.tryReceive(), undefined);
});

Deno.test("Mailslots that are created and closed leave no handle and no memory", async () => {
  const message = new Uint8Array(65_536).fill(1);
  const before = countOperations();
  await assertLeavesNoHandle(1000, async (index) => {
    using mailslot = Mailslot.create(randomName());
    using sender = openMailslot(mailslot.path);
    sender.send(message);
    assertEquals((await mailslot.receive(soon)).length, message.length);
    // Most are closed with a read in flight, some during a wait, and some with a message.
    if (index % 3 === 0) mailslot.tryReceive();
    if (index % 3 === 1) sender.send(message);
    if (index % 30 !== 2) return;
    const stopped = assertRejects(() => mailslot.receive(), Deno.errors.BadResource);
    mailslot.close();
    await stopped;
  });
  assertEquals(countOperations(), before);
});

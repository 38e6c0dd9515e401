// Task: test:command
//
// winipc send broadcast:NAME, and winipc listen broadcast:NAME.

import { assertEquals } from "@std/assert";
import { BroadcastRing, struct } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { Running } from "./running.ts";
import { winipc } from "./winipc.ts";

Deno.test("winipc listen joins a broadcast ring beside a script, and both get each message", async () => {
  const name = randomName();
  const target = `broadcast:${name}`;
  using ring = BroadcastRing.create(name);
  using receiver = ring.receiver();
  await using listener = await Running.listen(target);
  const sent = await winipc(["send", target, "--as", "json"], { stdin: '{"a":1}\n"b"\n' });
  assertEquals(sent, { code: 0, out: "", err: "" });
  assertEquals(await receiver.receiveValue({ timeout: 5000 }), { value: { a: 1 } });
  assertEquals(await receiver.receiveValue({ timeout: 5000 }), { value: "b" });
  assertEquals(await listener.ended(), {
    code: 0,
    out: '{ a: 1 }\n"b"\n',
    err: `Listening on ${target}\n${target} has ended: its sender is closed\n`,
  });
});

Deno.test("winipc listen counts the messages of a broadcast ring that it missed", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name, { capacity: 1024 });
  using sender = ring.sender();
  await using listener = await Running.listen(`broadcast:${name}`, "--jsonl", "--timeout", "20000");
  sender.send(Uint8Array.of(0x61));
  sender.flush();
  await listener.untilOut("\n");
  // More than the ring holds, in one publication.
  for (let number = 0; number < 100; number++) sender.send(Uint8Array.of(0x62));
  sender.close();
  const { code, out, err } = await listener.ended();
  const records: { missed?: number; data: string }[] = out.trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  assertEquals(code, 0);
  const missed = records.reduce((total, record) => total + (record.missed ?? 0), 0);
  assertEquals([records.length + missed, missed > 0], [101, true]);
  // On a busy machine, the ring can be overwritten twice: there is a line at most once a second.
  const line = /^Missed (\d+) messages: the sender overwrote them\n/gm;
  const said = err.matchAll(line).reduce((total, [, count]) => total + Number(count), 0);
  assertEquals(said, missed);
  assertEquals(
    err.replaceAll(line, ""),
    `Listening on broadcast:${name}\nbroadcast:${name} has ended: its sender is closed\n`,
  );
});

Deno.test("winipc refuses a broadcast ring that it cannot use, and says why", async () => {
  const [taken, typed, missing] = [randomName(), randomName(), randomName()];
  using ring = BroadcastRing.create(taken);
  using _sender = ring.sender();
  using _typed = BroadcastRing.create(typed, { message: struct({ price: "f64" }) });
  const ended = await Promise.all([
    winipc(["send", `broadcast:${taken}`, "hello"]),
    winipc(["listen", `broadcast:${typed}`]),
    winipc(["listen", `broadcast:${missing}`]),
  ]);
  assertEquals(ended.map(({ code, out, err }) => [code, out, err]), [
    [
      1,
      "",
      `The broadcast ring "Local\\${taken}" has a sender already, in process ${Deno.pid}: close ` +
      "that sender first\n",
    ],
    [
      1,
      "",
      `Cannot open broadcast ring "Local\\${typed}": its messages have a layout, a struct of 8 ` +
      "bytes; winipc sends and listens without a layout only; winipc tail prints structs\n",
    ],
    [
      3,
      "",
      `There is no broadcast ring "${missing}": winipc ls broadcast lists the broadcast rings\n`,
    ],
  ]);
});

// Task: test:command
//
// winipc send mailslot:NAME, and winipc listen mailslot:NAME --take.

import { assertEquals } from "@std/assert";
import { Mailslot, openMailslot } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { Running } from "./running.ts";
import { winipc } from "./winipc.ts";

const done = { code: 0, out: "", err: "" };

Deno.test("winipc listen prints what winipc send and a script send to its mailslot", async () => {
  const name = randomName();
  const target = `mailslot:${name}`;
  await using listener = await Running.listen(target, "--take", "--count", "4");
  assertEquals(await winipc(["send", target], { stdin: "one\n\n" }), done);
  await listener.untilOut("one\n\n");
  using sender = openMailslot(name);
  sender.send(Uint8Array.of(7));
  sender.send(new TextEncoder().encode("four"));
  assertEquals(await listener.ended(), {
    code: 0,
    out: "one\n\n07\nfour\n",
    err: `Listening on ${target}\n`,
  });
});

Deno.test("winipc send passes messages to a script's mailslot", async () => {
  const name = randomName();
  using mailslot = Mailslot.create(name);
  const [text, json] = await Promise.all([
    winipc(["send", `mailslot:${name}`, "--encoding", "utf-16le", "hi"]),
    winipc(["send", `mailslot:${name}`, "--as", "json", "[1]"]),
  ]);
  assertEquals([text, json], [done, done]);
  const got = [
    await mailslot.receive({ timeout: 5000 }),
    await mailslot.receive({ timeout: 5000 }),
  ];
  assertEquals(got.map((bytes) => bytes.toHex()).toSorted(), ["5b315d", "68006900"]);
});

Deno.test("winipc refuses a mailslot of another process, and one that is missing", async () => {
  const [taken, missing] = [randomName(), randomName()];
  using _mailslot = Mailslot.create(taken);
  const ended = await Promise.all([
    winipc(["listen", `mailslot:${taken}`]),
    winipc(["listen", `mailslot:${taken}`, "--take"]),
    winipc(["send", `mailslot:${missing}`, "hello"]),
  ]);
  assertEquals(ended, [
    {
      code: 2,
      out: "",
      err: "A mailslot has one receiver: what winipc receives, the program that usually receives " +
        "does not get. Add --take to take the messages\nSee winipc listen --help\n",
    },
    {
      code: 1,
      out: "",
      err: `Cannot listen on the mailslot "${taken}": another process has it, and only the ` +
        "process that created a mailslot can receive from it\n",
    },
    {
      code: 3,
      out: "",
      err: `There is no mailslot "${missing}": winipc ls mailslot lists the mailslots\n`,
    },
  ]);
});

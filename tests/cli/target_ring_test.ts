// Task: test:command
//
// winipc send ring:NAME, and winipc listen ring:NAME --take.

import { assertEquals } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { RingChannel, struct } from "../../mod.ts";
import { Running } from "./running.ts";
import { Terminal } from "./terminal.ts";
import { winipc } from "./winipc.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const timeless = (text: string) => text.replaceAll(/"time":"[\d-]{10}T[\d:.]{12}Z"/g, '"time":"T"');

Deno.test("winipc send passes each line of its input to winipc listen as soon as it arrives", async () => {
  const name = randomName();
  using _ring = RingChannel.create(name);
  await using listener = await Running.listen(`ring:${name}`, "--take");
  await using sender = new Running(["send", `ring:${name}`]);
  await sender.write("first\r\nsec");
  await listener.untilOut("first\n");
  await sender.write("ond\nlast");
  await listener.untilOut("second\n");
  await sender.closeInput();
  assertEquals(await sender.ended(), { code: 0, out: "", err: "" });
  assertEquals(await listener.ended(), {
    code: 0,
    out: "first\nsecond\nlast\n",
    err: `Listening on ring:${name}\nring:${name} has ended: its sender is closed\n`,
  });
});

Deno.test("winipc send passes texts, values and bytes to a script that receives from a ring", async () => {
  const send = async (args: readonly string[], stdin = "") => {
    const name = randomName();
    using ring = RingChannel.create(name);
    using receiver = ring.receiver();
    const ended = await winipc(["send", `ring:${name}`, ...args], { stdin });
    assertEquals(ended, { code: 0, out: "", err: "" });
    const message = await receiver.peek({ timeout: 0 });
    receiver.release(1);
    // The sender has closed, so the ring has ended.
    assertEquals(await receiver.receive({ timeout: 5000 }), undefined);
    return message?.message;
  };
  const [text, value, hex, raw] = await Promise.all([
    send(["grüße"]),
    send(["--as", "json", '{"id":7,"list":[1.5,null]}']),
    send(["--as", "hex", "00 ff:1A"]),
    send(["--as", "raw"], "two\nlines\n"),
  ]);
  assertEquals([text, hex, raw], [
    encode("grüße"),
    Uint8Array.of(0, 0xff, 0x1a),
    encode("two\nlines\n"),
  ]);
  using ring = RingChannel.create(randomName());
  using sender = ring.sender();
  using receiver = ring.receiver();
  sender.sendSync(value!);
  assertEquals(await receiver.receiveValue(), { value: { id: 7, list: [1.5, null] } });
});

Deno.test("winipc listen prints what a script sends to a ring, in each format", async () => {
  const messages = [encode("a\u001b[2J"), Uint8Array.of(0, 0xff), encode('{"a":[1]}')];
  const print = async (...args: string[]) => {
    const name = randomName();
    using ring = RingChannel.create(name);
    using sender = ring.sender();
    for (const message of messages) sender.sendSync(message);
    await sender.sendValue(new Map([["k", 1n]]));
    sender.flush();
    const { code, out, err } = await winipc(["listen", `ring:${name}`, "--take", ...args]);
    return { code, out: timeless(out), err: err.replaceAll(name, "NAME") };
  };
  const [text, json, value, hex, raw, jsonl] = await Promise.all([
    print("--count", "4"),
    print("--count", "3", "--as", "json"),
    print("--count", "4", "--as", "value"),
    print("--count", "2", "--as", "hex"),
    print("--count", "1", "--as", "raw"),
    print("--count", "4", "--jsonl"),
  ]);
  const err = "Listening on ring:NAME\n";
  assertEquals(text, {
    code: 0,
    out: 'a\\u001b[2J\n00ff\n{"a":[1]}\nMap(1) { "k" => 1n }\n',
    err,
  });
  assertEquals(json, {
    code: 0,
    out: '611b5b324a\n00ff\n{"a":[1]}\n',
    err: `${err}Printed 2 messages as hexadecimal: they are no json\n`,
  });
  assertEquals(value!.out.split("\n").at(3), 'Map(1) { "k" => 1n }');
  assertEquals(hex, { code: 0, out: "611b5b324a\n00ff\n", err });
  assertEquals(raw, { code: 0, out: "a\u001b[2J", err });
  assertEquals(
    jsonl!.out,
    '{"time":"T","length":5,"as":"text","data":"a\\u001b[2J"}\n' +
      '{"time":"T","length":2,"as":"hex","data":"00ff"}\n' +
      '{"time":"T","length":9,"as":"text","data":"{\\"a\\":[1]}"}\n' +
      '{"time":"T","length":18,"as":"value","data":[["k",1]]}\n',
  );
});

Deno.test("winipc refuses a ring that it cannot use, and says why", async () => {
  const [taken, full, typed, missing] = [1, 2, 3, 4].map(randomName);
  using ring = RingChannel.create(taken!);
  using _sender = ring.sender();
  using _receiver = ring.receiver();
  using small = RingChannel.create(full!, { capacity: 1024 });
  using last = small.sender();
  while (last.trySend(new Uint8Array(400)));
  last.close();
  using _typed = RingChannel.create(typed!, { message: struct({ price: "f64" }) });
  const lines: string[][] = [
    ["send", `ring:${taken}`, "hello"],
    ["listen", `ring:${taken}`, "--take"],
    ["send", `ring:${full}`, "hello".repeat(80), "--timeout", "200"],
    ["send", `ring:${typed}`, "hello"],
    ["send", `ring:${missing}`, "hello"],
    ["listen", `ring:${missing}`],
    ["listen", `ring:${missing}`, "--take"],
  ];
  const ended = await Promise.all(lines.map((args) => winipc(args)));
  const of = (name: string) => `"Local\\${name}"`;
  const notThere = [3, "", `There is no ring "${missing}": winipc ls ring lists the rings\n`];
  const process = `in process ${Deno.pid}`;
  assertEquals(ended.map(({ code, out, err }) => [code, out, err]), [
    [
      1,
      "",
      `The channel ${of(taken!)} has a sender already, ${process}: close that sender first\n`,
    ],
    [
      1,
      "",
      `The channel ${of(taken!)} has a receiver already, ${process}: close that receiver first\n`,
    ],
    [124, "", `Waited 200 ms for room in the channel ${of(full!)}\n`],
    [
      1,
      "",
      `Cannot open channel ${
        of(typed!)
      }: its messages have a layout, a struct of 8 bytes; winipc ` +
      "sends and listens without a layout only; a script can use the layout\n",
    ],
    notThere,
    [
      2,
      "",
      "A ring has one receiver: what winipc receives, the program that usually receives does not " +
      "get. Add --take to take the messages\nSee winipc listen --help\n",
    ],
    notThere,
  ]);
});

Deno.test("winipc listen leaves a message in the ring if nobody reads its output", async () => {
  const name = randomName();
  using ring = RingChannel.create(name);
  using sender = ring.sender();
  await using listener = await Running.listen(`ring:${name}`, "--take");
  sender.sendSync(encode("printed"));
  await listener.untilOut("printed\n");
  await listener.closeOutput();
  sender.sendSync(encode("kept"));
  const { code, err } = await listener.ended();
  assertEquals([code, err], [0, `Listening on ring:${name}\n`]);
  using receiver = ring.receiver();
  assertEquals(new TextDecoder().decode(receiver.tryReceive()), "kept");
});

Deno.test("winipc listen ends with 1 when the process of the ring's sender is killed", async () => {
  const name = randomName();
  using ring = RingChannel.create(name);
  await using listener = await Running.listen(`ring:${name}`, "--take");
  await using sender = new Running(["send", `ring:${name}`]);
  await sender.write("first\n");
  await listener.untilOut("first\n");
  sender.kill();
  assertEquals(await listener.ended(), {
    code: 1,
    out: "first\n",
    err: `Listening on ring:${name}\nThe sender of the channel "Local\\${name}" has died: its ` +
      "process or Worker ended without closing it\n",
  });
  using _next = ring.receiver();
});

Deno.test("Ctrl-C ends winipc listen and winipc send with 130, and frees their places", async () => {
  const [received, sent] = [randomName(), randomName()];
  using heard = RingChannel.create(received);
  using sender = heard.sender();
  using told = RingChannel.create(sent);
  await using listening = await Terminal.winipc(["listen", `ring:${received}`, "--take"]);
  await using sending = await Terminal.winipc(["send", `ring:${sent}`]);
  await listening.until("Listening on ");
  sender.sendSync(encode("seen"));
  await listening.until("seen");
  await sending.until("end the input");
  await Promise.all([listening.type("\x03"), sending.type("\x03")]);
  const [listened, ended] = await Promise.all([listening.ended(), sending.ended()]);
  assertEquals([listened.code, listened.lines.at(-1)], [130, "seen"]);
  assertEquals([ended.code, ended.lines], [
    130,
    ["Each line that you type is sent. Ctrl-Z and Enter end the input"],
  ]);
  using next = heard.receiver();
  assertEquals(next.tryReceive(), undefined);
  using _nextSender = told.sender();
});

Deno.test("winipc listen ends with 124 after its time, with what came before printed", async () => {
  const name = randomName();
  using ring = RingChannel.create(name);
  using sender = ring.sender();
  sender.sendSync(encode("early"));
  const { code, out, err } = await winipc([
    "listen",
    `ring:${name}`,
    "--take",
    "--json",
    "--timeout",
    "500",
  ]);
  assertEquals([code, err], [
    124,
    `Listening on ring:${name}\nThe time of --timeout 500 (milliseconds) is over\n`,
  ]);
  assertEquals(JSON.parse(out.replace(/T[\d:.]{12}Z/, "")), [{
    time: new Date().toISOString().slice(0, 10),
    length: 5,
    as: "text",
    data: "early",
  }]);
});

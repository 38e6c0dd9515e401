// Task: test:command
//
// winipc send window:CLASS/TITLE, and winipc listen window:CLASS/TITLE.

import { assertEquals, assertMatch } from "@std/assert";
import { CopyDataListener, findWindow, postMessage, sendCopyData } from "../../mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { Running } from "./running.ts";
import { winipc } from "./winipc.ts";

Deno.test("winipc listen prints what winipc send and a script send to its window", async () => {
  const name = randomName();
  const target = `window:${name}/Log of winipc`;
  await using listener = await Running.listen(target, "--count", "4");
  const sent = await winipc(["send", target, "--data-id", "0x10"], { stdin: "grüße\nb\u001b\n" });
  assertEquals(sent, { code: 0, out: "1\n1\n", err: "" });
  const window = await findWindow({ class: name });
  assertEquals([window.title, window.messageOnly, window.pid], [
    "Log of winipc",
    false,
    listener.pid,
  ]);
  await using script = await CopyDataListener.open();
  assertEquals(await sendCopyData(window, "from\0", { id: 7, from: script }), 1n);
  assertEquals(await sendCopyData(window, Uint8Array.of(1, 2, 3)), 1n);
  const { code, out, err } = await listener.ended();
  assertEquals([code, out], [
    0,
    "id 16 from an unnamed window: grüße\n" +
    "id 16 from an unnamed window: b\\u001b\n" +
    `id 7 from ${Deno.pid}: from\n` +
    "id 0 from an unnamed window: 010203\n",
  ]);
  assertMatch(err, /^Listening on window:\S+\/Log of winipc \(window 0x[0-9a-f]+\)\n$/);
});

Deno.test("winipc send prints a window's answer, and ends with 1 if it is 0", async () => {
  const name = randomName();
  await using peer = await Peer.start("messages/peers/window.ts", name, "message-only", "Peer");
  const send = (...args: string[]) => winipc(["send", `window:${name}/Peer`, ...args]);
  await using _second = await CopyDataListener.open({ class: name, title: "Second", answer: 10 });
  const [length, refused, titled, either] = await Promise.all([
    send("12345", "--data-id", "1"),
    send("12345", "--encoding", "utf-8"),
    winipc(["send", `window:${name}/second`, "12345"]),
    winipc(["send", `window:${name}`, "12345", "--data-id", "1"]),
  ]);
  assertEquals(titled, length);
  assertEquals([either.code, either.out], [0, "10\n"]);
  assertMatch(
    either.err,
    /^2 windows match: sending to the first, window 0x[0-9a-f]+ of process \d+, "(Peer|Second)"\n$/,
  );
  assertEquals(length, { code: 0, out: "10\n", err: "" });
  assertEquals([refused.code, refused.out], [1, "0\n"]);
  assertMatch(
    refused.err,
    new RegExp(
      `^The window 0x[0-9a-f]+ of process ${peer.pid}, "Peer" answered 0: it did not take`,
    ),
  );
  const received = either.err.includes("Peer") ? ["10", "10", "5"] : ["10", "5"];
  const lengths: string[] = [];
  for (const _ of received) lengths.push((await peer.nextLine()).split(" ")[2]!);
  assertEquals(lengths.toSorted(), received);
  const hung = await send("x", "--data-id", "2", "--timeout", "300");
  assertEquals([hung.code, hung.out], [124, ""]);
  assertMatch(hung.err, /there was no answer within 300 ms: the program is busy or hangs/);
});

Deno.test("winipc send ends with 3 if there is no such window, and suggests the nearest class", async () => {
  const name = randomName();
  await using peer = await Peer.start("messages/peers/window.ts", name, "message-only", "Peer");
  const [mistyped, title] = await Promise.all([
    winipc(["send", `window:${name}x`, "hello"]),
    winipc(["send", `window:${name}/Other`, "hello"]),
  ]);
  assertEquals(mistyped, {
    code: 3,
    out: "",
    err: `There is no window of class "${name}x": did you mean "${name}"?\n`,
  });
  assertEquals([title.code, title.out], [3, ""]);
  assertMatch(title.err, new RegExp(`^There is no window of class "${name}" and title "Other": `));
  // The number 3 makes the peer end before it answers.
  const gone = await winipc(["send", `window:${name}`, "hello", "--data-id", "3"]);
  assertEquals([gone.code, gone.out], [3, ""]);
  assertMatch(gone.err, /its program ended before it answered/);
  await peer.gone();
});

Deno.test("winipc listen ends when another program closes its window", async () => {
  const name = randomName();
  await using listener = await Running.listen(`window:${name}`);
  const WM_CLOSE = 0x10;
  postMessage(await findWindow({ class: name }), WM_CLOSE);
  const { code, out, err } = await listener.ended();
  assertEquals([code, out, err.split("\n").slice(1)], [
    0,
    "",
    [`window:${name} has ended: another program has closed the window`, ""],
  ]);
});

Deno.test("winipc listen opens no second window of a class without --take", async () => {
  const name = randomName();
  await using _other = await CopyDataListener.open({ class: name });
  const { code, out, err } = await winipc(["listen", `window:${name}`]);
  assertEquals([code, out], [1, ""]);
  assertMatch(err, new RegExp(`second window like the window 0x[0-9a-f]+ of process ${Deno.pid}`));
});

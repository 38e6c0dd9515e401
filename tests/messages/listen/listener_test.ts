// Task: test:peers

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertLess,
  assertRejects,
} from "@std/assert";
import { lastErrorCode } from "../../../ffi/error.ts";
import { toLresult, user32 } from "../../../ffi/win32/user32.ts";
import { encodeWide } from "../../../ffi/wide.ts";
import {
  CopyDataListener,
  type CopyDataListenerOptions,
  encodeText,
  findWindow,
  listWindows,
  MessageWindow,
  sendCopyData,
  WM_COPYDATA,
} from "../../../src/messages/mod.ts";
import { isWine } from "../../../ffi/win32/ntdll.ts";
import { openLibrary } from "../../support/open_library.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { runPeer } from "../../support/run_peer.ts";
import { soon } from "../../support/soon.ts";

const WM_GETTEXTLENGTH = 0xe;
const WM_CLOSE = 0x10;
const WM_QUERYENDSESSION = 0x11;
const WM_ENDSESSION = 0x16;
const ERROR_MESSAGE_SYNC_ONLY = 1159;

/** Sends a message other than WM_COPYDATA to a window of another thread. */
function send(window: { handle: bigint }, message: number, wParam = 0n): bigint {
  const answer = new BigInt64Array(1);
  const { SendMessageTimeoutW } = user32();
  const sent = SendMessageTimeoutW(window.handle, message, wParam, 0n, 0, 20_000, answer);
  assert(toLresult(sent) !== 0n);
  return answer[0]!;
}

/** Finds a window by plain `FindWindow`, as older programs do. */
function findPlainly(className: string): bigint {
  using library = openLibrary("user32.dll", {
    FindWindowW: { parameters: ["buffer", "buffer"], result: "usize" },
  });
  return library.symbols.FindWindowW(encodeWide(className), null);
}

/** Reads the messages that wait, without waiting for more. */
async function readAll(listener: CopyDataListener): Promise<string[]> {
  const texts: string[] = [];
  while (listener.stats.waiting > 0) texts.push((await listener.receive())!.text());
  return texts;
}

Deno.test("CopyDataListener returns messages of another process in the order of sending, with their sender", async () => {
  await using listener = await CopyDataListener.open();
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  for (const text of ["one", "two", "数据"]) assertEquals(await peer.ask(text), "1");
  const texts: string[] = [];
  for await (const message of listener) {
    assertEquals([message.id, message.sender.pid], [7n, peer.pid]);
    assertEquals(message.sender.path?.toLowerCase(), Deno.execPath().toLowerCase());
    assertEquals((await findWindow({ pid: peer.pid })).handle, message.sender.handle);
    assertEquals(message.bytes, encodeText(message.text()));
    texts.push(message.text());
    if (texts.length === 3) break;
  }
  assertEquals(texts, ["one", "two", "数据"]);
});

Deno.test("CopyDataMessage.sender has no pid and no path if the sender's window does not exist", async () => {
  await using listener = await CopyDataListener.open();
  const gone = MessageWindow.open({ procedure: () => undefined });
  gone.close();
  for (const from of [undefined, gone]) {
    await sendCopyData(listener, "", from ? { from } : {});
    const { sender } = (await listener.receive())!;
    assertEquals([sender.handle, sender.pid, sender.path], [
      from?.handle ?? 0n,
      undefined,
      undefined,
    ]);
  }
});

Deno.test("CopyDataListener answers with the constant of its option", async () => {
  for (const [answer, expected] of [[-5, -5n], [2n ** 63n, -(2n ** 63n)], [true, 1n]] as const) {
    await using listener = await CopyDataListener.open({ answer });
    assertEquals(await sendCopyData(listener, ""), expected);
  }
});

Deno.test("CopyDataListener answers with the result of its handler", async () => {
  const answers = [5, -7n, true, false, 2n ** 64n - 1n];
  await using listener = await CopyDataListener.open({
    onMessage: ({ id }) => id % 2n ? answers[Number(id)]! : Promise.resolve(answers[Number(id)]!),
  });
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  for (const [id, expected] of ["5", "-7", "1", "0", "-1"].entries()) {
    assertEquals(await peer.ask(`#${id}`), expected);
    assertEquals(await sendCopyData(listener, "", { id }), BigInt(expected));
  }
  assertEquals(listener.stats.accepted, 10);
  await assertRejects(() => listener.receive(), TypeError, "its onMessage gets them");
});

Deno.test("CopyDataListener answers 0 for a handler that throws or is late, and then answers the next message", async () => {
  const errors: unknown[] = [];
  const endless = Promise.withResolvers<number>();
  await using listener = await CopyDataListener.open({
    replyTimeout: 300,
    onMessage: (message) => {
      switch (message.text()) {
        case "throw":
          throw new Error("on purpose");
        case "reject":
          return Promise.reject(new Error("as well"));
        case "nonsense":
          return "5" as unknown as number;
        case "endless":
          return endless.promise;
      }
      return 5;
    },
    onError: (error, message) => errors.push(message?.text(), error),
  });
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  const texts = ["throw", "reject", "nonsense", "endless"];
  for (const text of texts) assertEquals([text, await peer.ask(text)], [text, "0"]);
  assertEquals(await peer.ask("well"), "5");
  assertEquals(errors.filter((error) => typeof error === "string"), texts);
  assertInstanceOf(errors[5], TypeError);
  assertInstanceOf(errors[7], Deno.errors.TimedOut);
  assertEquals(
    errors[7].message,
    `The handler of WM_COPYDATA in the listener of class "${listener.class}" did not answer within ` +
      "300 ms (replyTimeout): the sender got 0",
  );
  const { accepted, failed, late, waiting } = listener.stats;
  assertEquals({ accepted, failed, late, waiting }, {
    accepted: 1,
    failed: 3,
    late: 1,
    waiting: 1,
  });
  endless.resolve(1);
});

Deno.test("CopyDataListener answers 0 in time while its handler blocks the event loop", async () => {
  await using listener = await CopyDataListener.open({
    replyTimeout: 50,
    onMessage: ({ id }) => {
      // The window's thread stops waiting during this loop, and counts the message as late.
      while (id === 7n && listener.stats.late === 0);
      return 5;
    },
  });
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  assertEquals(await peer.ask("block"), "0");
  assertEquals(await peer.ask("#1"), "5");
});

Deno.test("CopyDataListener takes messages while it waits for a handler", async () => {
  const first = Promise.withResolvers<number>();
  await using listener = await CopyDataListener.open({
    onMessage: (message) => {
      if (message.text() === "first") return first.promise;
      // The first message is answered only after the second one has come.
      first.resolve(1);
      return 2;
    },
  });
  await using one = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  await using two = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  const answers = await Promise.all([one.ask("first"), two.ask("second")]);
  assertEquals(answers, ["1", "2"]);
});

Deno.test("CopyDataListener takes the message of a receiver that sends back before it answers", async () => {
  const heard: string[] = [];
  const name = randomName();
  await using _peer = await Peer.start("messages/peers/window.ts", name, "message-only");
  await using listener = await CopyDataListener.open({
    onMessage: async (message) => {
      heard.push(message.text());
      // With this send, the answer comes only in a later event-loop turn.
      return Number(await sendCopyData(own, "x"));
    },
  });
  using own = MessageWindow.open({ procedure: ({ copyData }) => copyData && 41n });
  const window = await findWindow({ class: name });
  assertEquals(await sendCopyData(window, "ab", { id: 4, from: listener }), 42n);
  assertEquals(heard, ["from inside"]);
});

Deno.test("CopyDataListener takes messages that its own handler sends", async () => {
  await using listener = await CopyDataListener.open({
    onMessage: async (message) => {
      const text = message.text();
      return text === "" ? 0 : 1 + Number(await sendCopyData(listener, text.slice(1)));
    },
  });
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  assertEquals(await sendCopyData(listener, "x".repeat(30)), 30n);
  assertEquals(await peer.ask("x".repeat(30)), "30");
});

Deno.test("CopyDataListener answers 0 to a message beyond its limits, and counts it", async () => {
  await using listener = await CopyDataListener.open({ maxByteLength: 8, highWaterMark: 3 });
  assertEquals(await sendCopyData(listener, new Uint8Array(9)), 0n);
  for (const expected of [1n, 1n, 1n, 0n, 0n]) {
    assertEquals(await sendCopyData(listener, new Uint8Array(8)), expected);
  }
  const counts = { denied: 0, failed: 0, late: 0 };
  assertEquals(listener.stats, {
    ...counts,
    accepted: 3,
    tooLarge: 1,
    overflowed: 2,
    waiting: 3,
  });
  await listener.receive();
  assertEquals(await sendCopyData(listener, "room"), 1n);
  assertEquals((await readAll(listener)).at(-1), "room");
});

Deno.test("CopyDataListener limits the number of running handlers, including late handlers", async () => {
  const never = new Promise<number>(() => {});
  await using listener = await CopyDataListener.open({
    highWaterMark: 2,
    maxByteLength: 2,
    replyTimeout: 50,
    onMessage: () => never,
  });
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  for (const text of ["a", "b", "c", "long"]) assertEquals(await peer.ask(text), "0");
  assertEquals(await sendCopyData(listener, "d"), 0n);
  const { late, overflowed, tooLarge, waiting } = listener.stats;
  assertEquals({ late, overflowed, tooLarge, waiting }, {
    late: 2,
    overflowed: 2,
    tooLarge: 1,
    waiting: 2,
  });
});

Deno.test("CopyDataListener keeps unread messages when a loop is left, and when it is closed", async () => {
  const listener = await CopyDataListener.open();
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  for (let i = 0; i < 10; i++) assertEquals(await peer.ask(`${i}`), "1");
  const texts: string[] = [];
  for await (const message of listener) {
    texts.push(message.text());
    if (texts.length === 3) break;
  }
  texts.push((await listener.receive())!.text());
  await listener.close();
  for await (const message of listener) texts.push(message.text());
  assertEquals(texts, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  assertEquals(await listener.receive(), undefined);
});

Deno.test("CopyDataListener takes only the messages that allow permits", async () => {
  const asked: (number | undefined)[] = [];
  await using friend = await Peer.start("messages/peers/window.ts", randomName(), "message-only");
  const friendly = await findWindow({ pid: friend.pid });
  await using listener = await CopyDataListener.open({
    answer: 3,
    allow: async (sender) => {
      asked.push(sender.pid);
      if (sender.handle === 0n) throw new Error("on purpose");
      return await Promise.resolve(sender.pid === friend.pid);
    },
  });
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  assertEquals(await peer.ask("stranger"), "0");
  assertEquals(await sendCopyData(listener, "friend", { from: friendly }), 3n);
  assertEquals(await sendCopyData(listener, "nobody"), 0n);
  assertEquals(asked, [peer.pid, friend.pid, undefined]);
  assertEquals(await readAll(listener), ["friend"]);
  const { accepted, denied, failed, waiting } = listener.stats;
  assertEquals({ accepted, denied, failed, waiting }, {
    accepted: 1,
    denied: 1,
    failed: 1,
    waiting: 0,
  });
});

Deno.test("CopyDataListener does not return a message if allow is late", async () => {
  const verdict = Promise.withResolvers<boolean>();
  await using listener = await CopyDataListener.open({
    replyTimeout: 50,
    allow: () => verdict.promise,
  });
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  assertEquals(await peer.ask("late"), "0");
  verdict.resolve(true);
  assertEquals(await peer.ask("in time"), "1");
  assertEquals(await readAll(listener), ["in time"]);
});

for (const visibility of ["message-only", "hidden"] as const) {
  Deno.test(`CopyDataListener opens a ${visibility} window, and leaves no window and no class behind`, async () => {
    const name = randomName();
    for (let round = 0; round < 2; round++) {
      const options = { class: name, title: "the title", visibility };
      await using listener = await CopyDataListener.open(options);
      const { handle, class: className } = listener;
      assertEquals(className, name);
      const found = await findWindow({ class: name, title: "the title", pid: Deno.pid });
      assertEquals(found.handle, handle);
      assertEquals(found.messageOnly, visibility === "message-only");
      if (visibility === "hidden") assertEquals(findPlainly(name), handle);
      await listener.close();
      await listener.close();
      assertFalse(user32().IsWindow(handle));
      assertEquals(listWindows({ class: name }), []);
      await assertRejects(() => sendCopyData(listener, ""), Deno.errors.NotFound);
    }
  });
}

Deno.test("CopyDataListener leaves other messages to the system", async () => {
  await using listener = await CopyDataListener.open({ title: "Hello", visibility: "hidden" });
  assertEquals(send(listener, WM_GETTEXTLENGTH), 5n);
  // The system does not post a message with a pointer.
  assertFalse(user32().PostMessageW(listener.handle, WM_COPYDATA, 0n, 0n));
  assertEquals(lastErrorCode(), ERROR_MESSAGE_SYNC_ONLY);
  assertEquals(await sendCopyData(listener, ""), 1n);
});

Deno.test("CopyDataListener ends when another program closes its window, and keeps its unread messages", async () => {
  const listener = await CopyDataListener.open();
  await sendCopyData(listener, "before");
  await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
  await peer.send(`!${WM_CLOSE}`);
  await listener.finished;
  assertFalse(user32().IsWindow(listener.handle));
  const texts: string[] = [];
  for await (const message of listener) texts.push(message.text());
  assertEquals(texts, ["before"]);
  await listener.close();
});

Deno.test("CopyDataListener permits the end of the session, and closes when the session ends", async () => {
  const listener = await CopyDataListener.open({ visibility: "hidden" });
  assertEquals(send(listener, WM_QUERYENDSESSION), 1n);
  // Another program has refused the end of the session.
  assertEquals(send(listener, WM_ENDSESSION, 0n), 0n);
  assertEquals(await sendCopyData(listener, "still here"), 1n);
  assertEquals(send(listener, WM_ENDSESSION, 1n), 0n);
  await listener.finished;
  assertEquals((await listener.receive())?.text(), "still here");
});

Deno.test("CopyDataListener gets only its own messages if the process has two listeners", async () => {
  await using one = await CopyDataListener.open({ answer: 1 });
  await using two = await CopyDataListener.open({ answer: 2 });
  assertEquals([await sendCopyData(one, "a"), await sendCopyData(two, "b")], [1n, 2n]);
  assertEquals([await readAll(one), await readAll(two)], [["a"], ["b"]]);
  await assertRejects(
    () => CopyDataListener.open({ class: one.class }),
    Deno.errors.AlreadyExists,
    `Cannot open a window of class "${one.class}": RegisterClassExW failed with error 1410`,
  );
});

Deno.test("CopyDataListener.receive() waits until a message comes, the time is over or the signal is aborted", async () => {
  await using listener = await CopyDataListener.open();
  await assertRejects(() => listener.receive({ timeout: 10 }), Deno.errors.TimedOut);
  const reason = new Error("enough");
  const aborted = listener.receive({ signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => aborted), reason);
  const waiting = listener.receive(soon);
  await sendCopyData(listener, "there");
  assertEquals((await waiting)?.text(), "there");
});

Deno.test("CopyDataListener takes messages with acceptLowerIntegrity, and a closed MessageWindow throws BadResource for it", async () => {
  // By default Windows blocks messages of programs with fewer rights (UIPI). Wine blocks none, so
  // this test cannot show the difference there.
  await using listener = await CopyDataListener.open({ acceptLowerIntegrity: true });
  assertEquals(await sendCopyData(listener, ""), 1n);
  const window = MessageWindow.open({ procedure: () => undefined });
  window.acceptLowerIntegrity(WM_COPYDATA);
  window.close();
  const error = await assertRejects(async () => await window.acceptLowerIntegrity(WM_COPYDATA));
  assertInstanceOf(error, Deno.errors.BadResource);
});

Deno.test("CopyDataListener takes 64 MiB on Windows, and 768 KiB on Wine", async () => {
  const name = randomName();
  // Wine 10 passes the bytes on the receiver's stack: see WineStackGuard in ffi/callback.ts.
  const byteLength = isWine() ? 786_432 : 2 ** 26;
  await using peer = await Peer.start("messages/peers/listener.ts", "--class", name);
  const window = await findWindow({ class: name });
  const bytes = new Uint8Array(byteLength).map((_, index) => index * 3 + (index >> 9));
  assertEquals(await sendCopyData(window, bytes, soon), 1n);
  const sum = bytes.reduce((total, byte) => (total * 31 + byte) >>> 0, 0);
  const { byteLength: received, sum: theirs } = JSON.parse(await peer.nextLine());
  assertEquals([received, theirs], [byteLength, sum]);
});

Deno.test("CopyDataListener.open() throws for an invalid option", async () => {
  const wrong: [object, typeof TypeError | typeof RangeError][] = [
    [{ class: 5 }, TypeError],
    [{ class: "a\0b" }, TypeError],
    [{ title: 5 }, TypeError],
    [{ visibility: "shown" }, TypeError],
    [{ onMessage: 5 }, TypeError],
    [{ allow: "all" }, TypeError],
    [{ onError: {} }, TypeError],
    [{ answer: "1" }, TypeError],
    [{ answer: 1.5 }, TypeError],
    [{ answer: 2n ** 64n }, RangeError],
    [{ answer: -(2n ** 63n) - 1n }, RangeError],
    [{ replyTimeout: 0 }, RangeError],
    [{ replyTimeout: Infinity }, RangeError],
    [{ maxByteLength: -1 }, RangeError],
    [{ maxByteLength: 2 ** 32 }, RangeError],
    [{ highWaterMark: 0 }, RangeError],
  ];
  for (const [options, error] of wrong) {
    const opened = CopyDataListener.open(options as CopyDataListenerOptions);
    await assertRejects(() => opened, error, undefined, JSON.stringify(Object.keys(options)));
  }
});

Deno.test("CopyDataListener keeps the process alive until close() or unref()", async () => {
  const ways = { close: "closed", unref: "released", "unref and wait": "released", throw: "" };
  for (const [how, said] of Object.entries(ways)) {
    const started = performance.now();
    const lines = await runPeer("messages/peers/listen_and_end.ts", [how], { stderr: "null" });
    assertEquals(lines, ["open", said].filter(Boolean));
    assertLess(performance.now() - started, 30_000);
  }
  const name = randomName();
  await using held = await Peer.start("messages/peers/listen_and_end.ts", "hold", name);
  const window = await findWindow({ class: name });
  assertEquals(await sendCopyData(window, ""), 1n);
  assert(user32().PostMessageW(window.handle, WM_CLOSE, 0n, 0n));
  assertEquals((await held.gone()).code, 0);
});

Deno.test("CopyDataListener and sendCopyData() work inside a Worker", async () => {
  const lines = await runPeer("messages/peers/listen_in_worker.ts", [], {
    flags: ["--allow-read"],
  });
  assertEquals(lines, ["the worker heard 5 characters", "the worker was answered 9"]);
});

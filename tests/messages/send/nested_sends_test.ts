// Task: test:peers

import { assertEquals, assertRejects } from "@std/assert";
import {
  CopyDataListener,
  CopyDataMessage,
  findWindow,
  MessageWindow,
  sendCopyData,
  sendMessage,
} from "../../../src/messages/mod.ts";
import { answerNested, PATIENCE } from "./nested_sends.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";

Deno.test("sendCopyData() is answered if two scripts send to each other 30 levels deep", async () => {
  const [mine, other] = [randomName(), randomName()];
  await using _peer = await Peer.start("messages/peers/nested_sends.ts", other, mine);
  const next = await findWindow({ class: other });
  await using listener = await CopyDataListener.open({
    class: mine,
    replyTimeout: PATIENCE,
    onMessage: (message) => answerNested(message, next),
  });
  assertEquals(await sendCopyData(next, "", { id: 30, timeout: PATIENCE }), 30n);
  // Half of the nested messages came to this listener. The rest and the first message went to the
  // peer.
  assertEquals({ ...listener.stats }, { ...listener.stats, accepted: 15, late: 0, failed: 0 });
});

Deno.test("sendCopyData() is answered if three scripts send in a circle", async () => {
  const [mine, second, third] = [randomName(), randomName(), randomName()];
  await using _second = await Peer.start("messages/peers/nested_sends.ts", second, third);
  await using _third = await Peer.start("messages/peers/nested_sends.ts", third, mine);
  const next = await findWindow({ class: second });
  await using listener = await CopyDataListener.open({
    class: mine,
    replyTimeout: PATIENCE,
    onMessage: (message) => answerNested(message, next),
  });
  assertEquals(await sendCopyData(next, "", { id: 9, timeout: PATIENCE }), 9n);
  assertEquals({ ...listener.stats }, { ...listener.stats, accepted: 3, late: 0, failed: 0 });
});

Deno.test("sendCopyData() of a handler overtakes earlier sends, until the handler has answered", async () => {
  const [mine, other] = [randomName(), randomName()];
  await using _peer = await Peer.start("messages/peers/nested_sends.ts", other, mine);
  const window = await findWindow({ class: other });
  const order: string[] = [];
  const send = async (what: string, id: number) => {
    await sendCopyData(window, "", { id, timeout: PATIENCE });
    order.push(what);
  };
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<number>();
  const over = Promise.withResolvers<void>();
  const afterwards = Promise.withResolvers<void>();
  await using listener = await CopyDataListener.open({
    class: mine,
    replyTimeout: PATIENCE,
    onMessage: async (message) => {
      switch (message.text()) {
        case "over":
          over.promise.then(() => send("of a handler that has answered", 0)).then(
            afterwards.resolve,
          );
          return 1;
        case "now":
          await send("of a handler", 0);
          return 1;
      }
      asked.resolve();
      return await answer.promise;
    },
  });
  const first = send("before all handlers", 1);
  await asked.promise;
  assertEquals(await sendCopyData(listener, "over"), 1n);
  over.resolve();
  assertEquals(await sendCopyData(listener, "now"), 1n);
  answer.resolve(1);
  await Promise.all([first, afterwards.promise]);
  assertEquals(order, ["of a handler", "before all handlers", "of a handler that has answered"]);
});

Deno.test("sendCopyData() runs the procedure of its from window, although the window is not pumped", async () => {
  const heard: string[] = [];
  await using peer = await Peer.start("messages/peers/window.ts", randomName(), "message-only");
  const window = await findWindow({ pid: peer.pid });
  using own = MessageWindow.open({
    procedure: ({ copyData }) => {
      if (copyData === undefined) return undefined;
      heard.push(new TextDecoder("utf-16le").decode(copyData.bytes));
      if (heard.length === 2) throw new Error("on purpose");
      return 41n;
    },
  });
  assertEquals(await sendCopyData(window, "ab", { id: 4, from: own }), 42n);
  assertEquals(heard, ["from inside"]);
  await assertRejects(() => sendCopyData(window, "ab", { id: 4, from: own }), Error, "on purpose");
});

Deno.test("CopyDataMessage.reply() sends to the sender from the listener's window, before the answer", async () => {
  await using server = await CopyDataListener.open({
    onMessage: (message) => message.reply(`${message.text()}!`, { id: 7, encoding: "utf-8" }),
  });
  await using peer = await Peer.start("messages/peers/show_replies.ts", `${server.handle}`);
  assertEquals(await peer.ask("one"), `one! 7 ${server.handle} 5`);
  assertEquals(await peer.ask("two"), `two! 7 ${server.handle} 5`);
});

Deno.test("CopyDataMessage.reply() replies to a message that is read, and throws NotFound without a sender", async () => {
  await using server = await CopyDataListener.open();
  await using client = await CopyDataListener.open({ answer: 3 });
  await sendCopyData(server, "", { from: client });
  await sendCopyData(server, "");
  const [named, nameless] = [await server.receive(), await server.receive()];
  assertEquals(await named!.reply("back"), 3n);
  const back = await client.receive();
  assertEquals([back!.text(), back!.sender.handle], ["back", server.handle]);
  await sendCopyData(server, "", { from: 0x1_0000n });
  const gone = await server.receive();
  await assertRejects(() => gone!.reply("back"), Deno.errors.NotFound, "there is no such window");
  const text = "Cannot reply to a CopyDataMessage that names no sender's window";
  for (const sender of [0n, 1n, 0xffffn, -1n, 0xffff_ffffn]) {
    const made = new CopyDataMessage({ id: 0n, bytes: new Uint8Array(), sender });
    await assertRejects(() => made.reply("back"), Deno.errors.NotFound, text);
  }
  await assertRejects(() => nameless!.reply("back"), Deno.errors.NotFound, text);
  // @ts-expect-error: the call must also fail at run time
  await assertRejects(() => named!.reply("", { from: client }), TypeError, 'no option "from"');
});

Deno.test("CopyDataListener calls its handlers after open() has returned, and passes itself to them", async () => {
  const name = randomName();
  await using peer = await Peer.start("messages/peers/find_and_send.ts", name);
  const asked: string[] = [];
  // The event loop is busy, so that the message arrives before the caller of open() continues.
  const block = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  const busy = setInterval(block);
  const listener: CopyDataListener = await CopyDataListener.open({
    class: name,
    allow: (_sender, self) => self === listener,
    onMessage: (message, self) => {
      asked.push(message.text());
      return self === listener ? 5 : 6;
    },
    onError: (error) => asked.push(String(error)),
  });
  await using _closed = listener;
  assertEquals(asked, []);
  clearInterval(busy);
  assertEquals([await peer.nextLine(), asked], ["5", ["now"]]);
});

Deno.test("sendMessage() and sendCopyData() to a listener of this thread keep their order", async () => {
  const order: string[] = [];
  await using listener = await CopyDataListener.open({
    onMessage: (message) => order.push(message.text()),
    answers: { 0x400: (wParam) => order.push(`${wParam}`), 0x401: 7 },
  });
  const answers = await Promise.all([
    sendMessage(listener, 0x400, { wParam: 1 }),
    sendCopyData(listener, "2"),
    sendMessage(listener, 0x400, { wParam: 3 }),
    sendMessage(listener, 0x401),
    sendMessage(listener, 0x402),
  ]);
  assertEquals([answers, order], [[1n, 2n, 3n, 7n, 0n], ["1", "2", "3"]]);
});

Deno.test("CopyDataListener answers and closes after its onError has thrown", async () => {
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent | ErrorEvent) => {
    event.preventDefault();
    unhandled.push("reason" in event ? event.reason : event.error);
  };
  addEventListener("unhandledrejection", note);
  addEventListener("error", note);
  const handled = Promise.withResolvers<number>();
  try {
    await using listener = await CopyDataListener.open({
      replyTimeout: 50,
      onMessage: ({ id }) => id === 0n ? handled.promise : 5,
      onError: () => {
        throw new Error("on purpose");
      },
    });
    await using peer = await Peer.start("messages/peers/send_lines.ts", `${listener.handle}`);
    assertEquals([await peer.ask("#0"), await peer.ask("#1")], ["0", "5"]);
    handled.resolve(1);
  } finally {
    removeEventListener("unhandledrejection", note);
    removeEventListener("error", note);
  }
  assertEquals(unhandled.map(String), ["Error: on purpose"]);
});

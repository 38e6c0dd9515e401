import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import {
  type CopyData,
  CopyDataListener,
  encodeText,
  findWindow,
  MessageWindow,
  sendCopyData,
  sendCopyDataSync,
  sendMessage,
  type WindowTarget,
  WM_COPYDATA,
} from "../../../src/messages/mod.ts";
import { isWine } from "../../../ffi/win32/ntdll.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

const WM_USER = 0x400;

/** Starts a peer with a window, and finds the window. */
async function openPeer() {
  const name = randomName();
  const peer = await Peer.start("messages/peers/window.ts", name, "message-only");
  const window = await findWindow({ class: name });
  return { peer, window, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

/** Returns the checksum of bytes, as the peer computes it. */
function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (total * 31 + byte) >>> 0, 0);
}

/** Opens a window of this thread that keeps the messages that it gets. */
function openOwn() {
  const received: { id: bigint; bytes: Uint8Array; from: bigint }[] = [];
  const window = MessageWindow.open({
    procedure: ({ copyData, wParam }) => {
      if (copyData === undefined) return undefined;
      received.push({ id: copyData.id, bytes: copyData.bytes, from: wParam });
      return 7n;
    },
  });
  return { window, received, [Symbol.dispose]: () => window.close() };
}

Deno.test("sendCopyDataSync() sends bytes of every size to another process, and returns the answer", async () => {
  await using receiver = await openPeer();
  // Wine 10 passes the bytes on the receiver's stack (KeUserModeCallback), which has room for less
  // than a MiB. Windows has no such limit, and takes 64 MiB.
  const onWindows = 64 * 2 ** 20;
  for (const byteLength of [0, 1, 5, 65_536, isWine() ? 2 ** 18 : onWindows]) {
    const bytes = new Uint8Array(byteLength).map((_, index) => index * 7 + (index >> 8));
    const answer = sendCopyDataSync(receiver.window, bytes, { id: 1, ...soon });
    assertEquals(answer, BigInt(byteLength));
    assertEquals(await receiver.peer.nextLine(), `1 0 ${byteLength} ${sumOf(bytes)}`);
  }
});

Deno.test("sendCopyDataSync() encodes a text, with a NUL or without", () => {
  using own = openOwn();
  const cases = [
    [{}, encodeText("Hällo")],
    [{ terminate: true }, encodeText("Hällo\0")],
    [{ encoding: "utf-8", terminate: true }, encodeText("Hällo\0", "utf-8")],
    [{ encoding: { codePage: 1252 } }, Uint8Array.of(0x48, 0xe4, 0x6c, 0x6c, 0x6f)],
  ] as const;
  for (const [options, expected] of cases) {
    sendCopyDataSync(own.window, "Hällo", options);
    assertEquals(own.received.pop()?.bytes, expected);
  }
});

Deno.test("sendCopyDataSync() sends exactly the bytes of a view", () => {
  using own = openOwn();
  const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
  const cases: [data: CopyData, expected: number[]][] = [
    [buffer, [1, 2, 3, 4, 5, 6, 7, 8]],
    [new Uint8Array(buffer, 2, 3), [3, 4, 5]],
    [new Uint16Array(buffer, 4, 1), [5, 6]],
    [new DataView(buffer, 7), [8]],
    ["", []],
  ];
  for (const [data, expected] of cases) {
    sendCopyDataSync(own.window, data);
    assertEquals([...own.received.pop()!.bytes], expected);
  }
});

Deno.test("sendCopyDataSync() sends the id and the sender's window", () => {
  using own = openOwn();
  for (const id of [0, 0xffff_ffff, 2n ** 64n - 1n]) {
    assertEquals(sendCopyDataSync(own.window, "", { id, from: own.window }), 7n);
    const { id: received, from } = own.received.pop()!;
    assertEquals([received, from], [BigInt(id), own.window.handle]);
  }
});

Deno.test("sendCopyDataSync() takes the handles of 32-bit programs", async () => {
  await using receiver = await openPeer();
  const { handle } = receiver.window;
  const forms = [handle, BigInt.asUintN(32, handle), Number(BigInt.asUintN(32, handle))];
  for (const form of forms) assertEquals(sendCopyDataSync(form, "ab", { id: 1 }), 4n);
  // Sign-extended, this handle names no window.
  assertThrows(
    () => sendCopyDataSync(BigInt.asUintN(64, -0x7654_3210n), "ab"),
    Deno.errors.NotFound,
  );
});

Deno.test("sendCopyDataSync() returns negative answers", async () => {
  await using receiver = await openPeer();
  assertEquals(sendCopyDataSync(receiver.window, "", { id: 5 }), -1n);
});

Deno.test("sendCopyDataSync() throws TimedOut in time if the receiver hangs", async () => {
  await using receiver = await openPeer();
  const before = performance.now();
  assertThrows(
    () => sendCopyDataSync(receiver.window, "ab", { id: 2, timeout: 200 }),
    Deno.errors.TimedOut,
    "there was no answer within 200 ms: the program is busy or hangs",
  );
  assertLess(performance.now() - before, 5000);
});

Deno.test("sendCopyDataSync() throws NotFound if the receiver ends during the send", async () => {
  await using receiver = await openPeer();
  assertThrows(
    () => sendCopyDataSync(receiver.window, "ab", { id: 3, ...soon }),
    Deno.errors.NotFound,
    "Cannot send 4 bytes to window 0x",
  );
  assertEquals((await receiver.peer.gone()).code, 9);
});

Deno.test("sendCopyDataSync() throws NotFound for a closed window", () => {
  const own = openOwn();
  own.window.close();
  assertThrows(() => sendCopyDataSync(own.window, "a"), Deno.errors.NotFound);
});

Deno.test("sendCopyDataSync() runs the sender's procedure if the receiver sends back before it answers", async () => {
  await using receiver = await openPeer();
  using own = openOwn();
  const answer = sendCopyDataSync(receiver.window, "ab", { id: 4, from: own.window });
  // The own window has answered 7 during the send, and the peer has added 1.
  assertEquals(answer, 8n);
  assertEquals(own.received.map(({ bytes }) => bytes), [encodeText("from inside")]);
});

Deno.test("sendCopyDataSync() takes the messages that the receiver sends back during 1000 sends", async () => {
  await using receiver = await openPeer();
  using own = openOwn();
  assert(own.window.handle !== receiver.window.handle);
  for (let i = 0; i < 1000; i++) {
    sendCopyDataSync(receiver.window, "ab", { id: 4, from: own.window });
  }
  assertEquals(own.received.length, 1000);
});

Deno.test("sendCopyDataSync() throws TypeError for a listener whose handlers run on this thread", async () => {
  await using listener = await CopyDataListener.open({ onMessage: () => 5 });
  assertThrows(
    () => sendCopyDataSync(listener, "a"),
    TypeError,
    "the call would block its handlers; use sendCopyData()",
  );
  await using asked = await CopyDataListener.open({ allow: () => true });
  assertThrows(() => sendCopyDataSync(asked, "a"), TypeError);
  // For a listener without handlers the window's thread answers.
  await using other = await CopyDataListener.open();
  assertEquals(sendCopyDataSync(other, "a"), 1n);
  assertEquals(await sendCopyData(listener, "a"), 5n);
});

Deno.test("sendCopyData() sends bytes of every size to another process, and returns the answer", async () => {
  await using receiver = await openPeer();
  for (const byteLength of [0, 1, 65_536, 2 ** 18]) {
    const bytes = new Uint8Array(byteLength).map((_, index) => index * 11 + (index >> 8));
    const expected = `1 0 ${byteLength} ${sumOf(bytes)}`;
    const answers = [1, 2].map(() => sendCopyData(receiver.window, bytes, { id: 1 }));
    // Each send uses the bytes at its call, also the send that has to wait for the first one.
    bytes.fill(0);
    for (const answer of answers) {
      assertEquals(await answer, BigInt(byteLength));
      assertEquals(await receiver.peer.nextLine(), expected);
    }
  }
});

Deno.test("sendCopyData() runs the procedure of a window of this thread itself", async () => {
  using own = openOwn();
  const options = { id: 2n ** 64n - 1n, from: own.window, terminate: true };
  assertEquals(await sendCopyData(own.window, "Hi", options), 7n);
  assertEquals(own.received, [
    { id: options.id, bytes: encodeText("Hi\0"), from: own.window.handle },
  ]);
});

Deno.test("Sends to windows and handlers of this thread, again and again, let timers go on", async () => {
  using own = openOwn();
  await using listener = await CopyDataListener.open({
    onMessage: () => 7n,
    answers: { [WM_USER]: () => 7n },
  });
  const sends = [
    () => sendCopyData(own.window, "Hi"),
    () => sendMessage(own.window, WM_USER),
    () => sendCopyData(listener, "Hi"),
    () => sendMessage(listener, WM_USER),
  ];
  for (const send of sends) {
    let isOver = false;
    const timer = setTimeout(() => isOver = true, 20);
    const deadline = performance.now() + 20_000;
    while (!isOver) {
      await send();
      assert(performance.now() < deadline, `${send}: the timer does not fire`);
    }
    clearTimeout(timer);
  }
});

Deno.test("sendCopyData() rejects for an invalid argument, and sends nothing", async () => {
  using own = openOwn();
  const { window } = own;
  await assertRejects(() => sendCopyData(0n, "a"), RangeError, "target");
  await assertRejects(() => sendCopyData(window, 5 as unknown as CopyData), TypeError, "data");
  await assertRejects(() => sendCopyData(window, "a", { timeout: 0 }), RangeError, "timeout");
  await assertRejects(() => sendCopyData(window, "a", { id: -1 }), RangeError, "id");
  await assertRejects(() => sendCopyData(window, "a", { from: 0 }), RangeError, "from");
  const reason = new Error("no more");
  const aborted = sendCopyData(window, "a", { signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => aborted), reason);
  assertEquals(own.received, []);
});

Deno.test("sendCopyDataSync() throws for an invalid argument, and sends nothing", () => {
  using own = openOwn();
  const { window } = own;
  const targets: unknown[] = [0, 0n, 0xffff, 2n ** 32n, -(2n ** 40n), 1.5, "1", null, undefined];
  for (const target of targets) {
    const error = assertThrows(() => sendCopyDataSync(target as WindowTarget, "a"));
    assert(error instanceof TypeError || error instanceof RangeError, `${target}: ${error}`);
  }
  for (const data of [5, null, undefined, {}, [1, 2]]) {
    assertThrows(() => sendCopyDataSync(window, data as unknown as CopyData), TypeError);
  }
  for (const timeout of [0, -1, 1.5, NaN, Infinity, 2 ** 31]) {
    assertThrows(() => sendCopyDataSync(window, "a", { timeout }), RangeError, "timeout");
  }
  for (const id of [-1, 1.5, -1n, 2n ** 64n]) {
    assertThrows(() => sendCopyDataSync(window, "a", { id }), RangeError, "id");
  }
  assertThrows(() => sendCopyDataSync(window, "a", { from: 0n }), RangeError, "from");
  assertEquals(own.received, []);
  assertEquals(WM_COPYDATA, 0x4a);
});

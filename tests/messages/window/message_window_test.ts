import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { user32 } from "../../../ffi/win32/user32.ts";
import {
  findWindow,
  MessageWindow,
  postMessage,
  sendCopyData,
  sendCopyDataSync,
  sendMessage,
  type WindowMessage,
  WM_COPYDATA,
} from "../../../src/messages/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";

const WM_CREATE = 0x1;
const WM_DESTROY = 0x2;
const WM_CLOSE = 0x10;
const WM_NCCREATE = 0x81;
const WM_NCDESTROY = 0x82;
const WM_APP = 0x8000;

Deno.test("MessageWindow takes posted messages in order, when it is pumped", () => {
  const seen: [bigint, bigint][] = [];
  using window = MessageWindow.open({
    procedure: ({ message, wParam, lParam }) => {
      if (message !== WM_APP) return undefined;
      seen.push([wParam, lParam]);
      return 0n;
    },
  });
  for (let i = 0n; i < 100n; i++) postMessage(window, WM_APP, { wParam: i, lParam: -i });
  assertEquals(seen, []);
  window.pump();
  assertEquals(seen, Array.from({ length: 100 }, (_, i) => [BigInt(i), BigInt(-i)]));
});

Deno.test("MessageWindow gives out what its procedure threw, and goes on", () => {
  using window = MessageWindow.open({
    procedure: ({ message, wParam }) => {
      if (message === WM_APP && wParam === 1n) throw new Error("on purpose");
      return undefined;
    },
  });
  postMessage(window, WM_APP, { wParam: 1 });
  assertThrows(() => window.pump(), Error, "on purpose");
  postMessage(window, WM_APP, { wParam: 2 });
  window.pump();
});

Deno.test("MessageWindow ends its loop when a stranger closes it", async () => {
  const name = randomName();
  await using peer = await Peer.start("messages/peers/window.ts", name, "message-only");
  const { handle } = await findWindow({ class: name });
  assert(user32().PostMessageW(handle, WM_CLOSE, 0n, 0n));
  assertEquals(await peer.nextLine(), "ended");
  assertEquals((await peer.gone()).code, 0);
});

Deno.test("MessageWindow that is closed throws BadResource, and leaves no window and no class", () => {
  const name = randomName();
  const window = MessageWindow.open({ class: name, procedure: () => undefined });
  assert(user32().IsWindow(window.handle));
  window.close();
  window.close();
  assert(window.closed);
  assertFalse(user32().IsWindow(window.handle));
  for (const use of [() => window.pump(), () => window.run()]) {
    assertThrows(use, Deno.errors.BadResource, `The window of class "${name}" is closed`);
  }
  // The class's name is free again.
  MessageWindow.open({ class: name, procedure: () => undefined }).close();
});

Deno.test("MessageWindow that a stranger closes is closed, also when its procedure throws then", () => {
  using window = MessageWindow.open({
    procedure: ({ message }) => {
      if (message === WM_DESTROY) throw new Error("on purpose");
      return undefined;
    },
  });
  postMessage(window, WM_CLOSE);
  assertThrows(() => window.pump(), Error, "on purpose");
  assertFalse(user32().IsWindow(window.handle));
  assert(window.closed);
});

Deno.test("MessageWindow of a class that this process has already is refused", () => {
  const name = randomName();
  using _window = MessageWindow.open({ class: name, procedure: () => undefined });
  assertThrows(
    () => MessageWindow.open({ class: name, procedure: () => undefined }),
    Deno.errors.AlreadyExists,
    `Cannot open a window of class "${name}": RegisterClassExW failed with error 1410`,
  );
});

Deno.test("MessageWindow refuses options that are none", () => {
  const procedure = (_: WindowMessage) => undefined;
  const wrong = [{ class: 5 }, { title: 5 }, { visibility: "shown" }, { class: "a\0b" }];
  for (const options of wrong) {
    // @ts-expect-error: what the type checker refuses is refused at run time too
    assertThrows(() => MessageWindow.open({ procedure, ...options }), TypeError);
  }
});

/** Opens a window whose procedure goes wrong at a message, and gives what open() throws. */
function openingError(procedure: (message: WindowMessage) => unknown): unknown {
  const name = randomName();
  try {
    // @ts-expect-error: what the type checker refuses is refused at run time too
    MessageWindow.open({ class: name, procedure }).close();
  } catch (error) {
    // All of it is closed: the class's name is free.
    MessageWindow.open({ class: name, procedure: () => undefined }).close();
    return error;
  }
}

Deno.test("MessageWindow.open() throws what its procedure throws", () => {
  const mine = new Error("on purpose");
  for (const message of [WM_NCCREATE, WM_CREATE]) {
    const error = openingError((received) => {
      if (received.message === message) throw mine;
      return undefined;
    });
    assertStrictEquals(error, mine);
  }
  assertStrictEquals(
    openingError(() => {
      throw mine;
    }),
    mine,
  );
});

Deno.test("MessageWindow.open() says what is wrong with a procedure that answers promises, or 0n to everything", () => {
  const wrong: [(message: WindowMessage) => unknown, string][] = [
    [() => Promise.resolve(1n), "and at once, got a promise"],
    [() => 5, "to answer a bigint or undefined, and at once, got 5"],
    [() => null, "to answer a bigint or undefined, and at once, got null"],
    [() => 0n, "answer undefined to all messages that the procedure does not handle"],
    [
      ({ message }) => message === WM_CREATE ? -1n : undefined,
      "what it answered to WM_NCCREATE or",
    ],
  ];
  for (const [procedure, text] of wrong) {
    const error = openingError(procedure);
    assertInstanceOf(error, TypeError);
    assertStringIncludes(error.message, text);
  }
  // @ts-expect-error: what the type checker refuses is refused at run time too
  assertThrows(() => MessageWindow.open({}), TypeError, "Expected procedure to be a function");
  // @ts-expect-error: what the type checker refuses is refused at run time too
  assertThrows(() => MessageWindow.open(), TypeError, "Expected the options to be an object");
});

Deno.test("sendCopyDataSync() throws what a procedure of its thread throws, and sendCopyData() and sendMessage() too", async () => {
  using window = MessageWindow.open({
    procedure: ({ message }) => {
      if (message === WM_COPYDATA || message === WM_APP) throw new Error("on purpose");
      return undefined;
    },
  });
  assertThrows(() => sendCopyDataSync(window, "text"), Error, "on purpose");
  await assertRejects(() => sendCopyData(window, "text"), Error, "on purpose");
  await assertRejects(() => sendMessage(window, WM_APP), Error, "on purpose");
  window.pump();
});

Deno.test("sendCopyDataSync() throws what a procedure throws that the receiver sends to before it answers", async () => {
  await using peer = await Peer.start("messages/peers/window.ts", randomName(), "message-only");
  const window = await findWindow({ pid: peer.pid });
  using own = MessageWindow.open({
    procedure: ({ copyData }) => {
      if (copyData !== undefined) throw new Error("on purpose");
      return undefined;
    },
  });
  const send = () => sendCopyDataSync(window, "text", { id: 4, from: own });
  assertThrows(send, Error, "on purpose");
});

Deno.test("MessageWindow.close() closes all, and throws what its procedure throws then", () => {
  const name = randomName();
  const window = MessageWindow.open({
    class: name,
    procedure: ({ message }) => {
      if (message === WM_DESTROY) throw new Error("on purpose");
      return undefined;
    },
  });
  assertThrows(() => window.close(), Error, "on purpose");
  assertFalse(user32().IsWindow(window.handle));
  MessageWindow.open({ class: name, procedure: () => undefined }).close();
});

Deno.test("MessageWindow.run() gives out at once what its procedure threw at a message that was sent", async () => {
  await using peer = await Peer.start("messages/peers/failing_window.ts");
  const window = await findWindow({ pid: peer.pid });
  assertEquals(await sendCopyData(window, "text"), 0n);
  assertEquals(await peer.nextLine(), "on purpose");
});

Deno.test("MessageWindow tells its procedure of no beginning and no end that a stranger makes up", () => {
  const told: number[] = [];
  using window = MessageWindow.open({
    procedure: ({ message }) => void told.push(message),
  });
  told.length = 0;
  for (const message of [WM_NCCREATE, WM_CREATE, WM_NCDESTROY]) sendHere(window, message);
  assertEquals([told, window.closed], [[], false]);
  sendHere(window, WM_DESTROY);
  assertEquals([told, window.closed], [[WM_DESTROY, WM_NCDESTROY], true]);
  assertFalse(user32().IsWindow(window.handle));
});

Deno.test("MessageWindow that is closed by its procedure at its last message frees its class", () => {
  const name = randomName();
  const window = MessageWindow.open({
    class: name,
    procedure: ({ message }) => {
      if (message === WM_NCDESTROY) window.close();
      return undefined;
    },
  });
  sendHere(window, WM_CLOSE);
  assert(window.closed);
  MessageWindow.open({ class: name, procedure: () => undefined }).close();
});

/** Sends a message to a window of this thread as a stranger would, whom nothing refuses. */
function sendHere(window: MessageWindow, message: number): void {
  user32().SendMessageW(window.handle, message, 0n, 0n);
}

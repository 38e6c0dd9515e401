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

Deno.test("MessageWindow.pump() takes posted messages in the order of posting", () => {
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

Deno.test("MessageWindow.pump() throws the error of its procedure, and takes the next message later", () => {
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

Deno.test("MessageWindow.run() returns when another program closes the window", async () => {
  const name = randomName();
  await using peer = await Peer.start("messages/peers/window.ts", name, "message-only");
  const { handle } = await findWindow({ class: name });
  assert(user32().PostMessageW(handle, WM_CLOSE, 0n, 0n));
  assertEquals(await peer.nextLine(), "ended");
  assertEquals((await peer.gone()).code, 0);
});

Deno.test("MessageWindow.pump() and run() of a closed window throw BadResource, and close() leaves no window and no class", () => {
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
  // The class name is free again.
  MessageWindow.open({ class: name, procedure: () => undefined }).close();
});

Deno.test("MessageWindow is closed by a posted WM_CLOSE, also if its procedure throws at WM_DESTROY", () => {
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

Deno.test("MessageWindow.open() throws AlreadyExists for a class that this process already has", () => {
  const name = randomName();
  using _window = MessageWindow.open({ class: name, procedure: () => undefined });
  assertThrows(
    () => MessageWindow.open({ class: name, procedure: () => undefined }),
    Deno.errors.AlreadyExists,
    `Cannot open a window of class "${name}": RegisterClassExW failed with error 1410`,
  );
});

Deno.test("MessageWindow.open() throws TypeError for an invalid option", () => {
  const procedure = (_: WindowMessage) => undefined;
  const wrong = [{ class: 5 }, { title: 5 }, { visibility: "shown" }, { class: "a\0b" }];
  for (const options of wrong) {
    // @ts-expect-error: the call must also fail at run time
    assertThrows(() => MessageWindow.open({ procedure, ...options }), TypeError);
  }
});

/** Opens a window with a faulty procedure, and returns the error of `open()`. */
function openingError(procedure: (message: WindowMessage) => unknown): unknown {
  const name = randomName();
  try {
    // @ts-expect-error: the call must also fail at run time
    MessageWindow.open({ class: name, procedure }).close();
  } catch (error) {
    // Everything is closed, so the class name is free again.
    MessageWindow.open({ class: name, procedure: () => undefined }).close();
    return error;
  }
}

Deno.test("MessageWindow.open() throws the error of its procedure", () => {
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

Deno.test("MessageWindow.open() throws TypeError for a procedure that returns an invalid answer or refuses the window", () => {
  const wrong: [(message: WindowMessage) => unknown, string][] = [
    [() => Promise.reject(new Error("failed")), "at once, got a promise"],
    [() => 5, "to return a bigint or undefined at once, got 5"],
    [() => null, "to return a bigint or undefined at once, got null"],
    [() => 0n, "return undefined for each message that the procedure does not handle"],
    [
      ({ message }) => message === WM_CREATE ? -1n : undefined,
      "its answer to WM_NCCREATE or",
    ],
  ];
  for (const [procedure, text] of wrong) {
    const error = openingError(procedure);
    assertInstanceOf(error, TypeError);
    assertStringIncludes(error.message, text);
  }
  // @ts-expect-error: the call must also fail at run time
  assertThrows(() => MessageWindow.open({}), TypeError, "Expected procedure to be a function");
  // @ts-expect-error: the call must also fail at run time
  assertThrows(() => MessageWindow.open(), TypeError, "Expected the options to be an object");
});

Deno.test("sendCopyDataSync(), sendCopyData() and sendMessage() throw the error of a procedure of this thread", async () => {
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

Deno.test("sendCopyDataSync() throws the error of a procedure to which the receiver sends before it answers", async () => {
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

Deno.test("MessageWindow.close() closes everything, and then throws the error of its procedure", () => {
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

Deno.test("MessageWindow.run() throws the error of its procedure as soon as a sent message has caused it", async () => {
  await using peer = await Peer.start("messages/peers/failing_window.ts");
  const window = await findWindow({ pid: peer.pid });
  assertEquals(await sendCopyData(window, "text"), 0n);
  assertEquals(await peer.nextLine(), "on purpose");
});

Deno.test("MessageWindow hides WM_NCCREATE, WM_CREATE and WM_NCDESTROY of another program from its procedure", () => {
  const seen: number[] = [];
  using window = MessageWindow.open({
    procedure: ({ message }) => void seen.push(message),
  });
  seen.length = 0;
  for (const message of [WM_NCCREATE, WM_CREATE, WM_NCDESTROY]) sendHere(window, message);
  assertEquals([seen, window.closed], [[], false]);
  sendHere(window, WM_DESTROY);
  assertEquals([seen, window.closed], [[WM_DESTROY, WM_NCDESTROY], true]);
  assertFalse(user32().IsWindow(window.handle));
});

Deno.test("MessageWindow.close() in the procedure's last message frees the class", async () => {
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
  // A timer of the same length frees the callback, after Windows has returned through it.
  await new Promise((resolve) => setTimeout(resolve));
});

/** Sends a message to a window of this thread without any check, as another program can. */
function sendHere(window: MessageWindow, message: number): void {
  user32().SendMessageW(window.handle, message, 0n, 0n);
}

import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { user32 } from "../../ffi/user32.ts";
import {
  findWindow,
  MessageWindow,
  postMessage,
  type WindowMessage,
} from "../../src/messages/mod.ts";
import { Peer } from "../peer.ts";
import { randomName } from "../random_name.ts";

const WM_CLOSE = 0x10;
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
  await using peer = await Peer.start("window.ts", name, "message-only");
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
  const WM_DESTROY = 0x2;
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

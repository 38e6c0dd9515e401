import {
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { isWine } from "../../../ffi/win32/ntdll.ts";
import {
  findWindow,
  MessageWindow,
  postMessage,
  registerWindowMessage,
  sendMessage,
} from "../../../src/messages/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";

const WM_ERASEBKGND = 0x14;
const WM_USER = 0x400;

Deno.test("sendMessage() and postMessage() throw NotFound for a closed window", async () => {
  const window = MessageWindow.open({ procedure: () => undefined });
  window.close();
  await assertRejects(() => sendMessage(window, WM_USER), Deno.errors.NotFound, "message 0x400");
  assertThrows(() => postMessage(window, WM_USER), Deno.errors.NotFound, "message 0x400");
});

Deno.test("sendMessage() rejects at once with the reason of an aborted signal", async () => {
  using window = MessageWindow.open({ procedure: () => undefined });
  const signal = AbortSignal.abort(new Error("on purpose"));
  await assertRejects(() => sendMessage(window, WM_USER, { signal }), Error, "on purpose");
});

Deno.test("sendMessage() throws NotSupported for a message that the system does not pass on", async () => {
  await using peer = await Peer.start("messages/peers/window.ts", randomName(), "message-only");
  const window = await findWindow({ pid: peer.pid });
  // The parameter is the handle of a device context. Windows passes it on, and Wine does not.
  if (!isWine()) return assertEquals(await sendMessage(window, WM_ERASEBKGND), 0n);
  const text = "the system does not pass this message on to another process";
  await assertRejects(() => sendMessage(window, WM_ERASEBKGND), Deno.errors.NotSupported, text);
});

Deno.test("registerWindowMessage() returns the same number for a name in upper and in lower case", () => {
  const name = randomName().padEnd(255, "x");
  const message = registerWindowMessage(name);
  assertGreaterOrEqual(message, 0xc000);
  assertLess(message, 0x10000);
  assertEquals(registerWindowMessage(name.toUpperCase()), message);
  for (const wrong of ["", `${name}x`]) {
    const text = `Expected name to have 1 to 255 characters, got ${wrong.length}`;
    assertThrows(() => registerWindowMessage(wrong), RangeError, text);
  }
});

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  HWND_MESSAGE,
  MessageSender,
  MessageWindow,
  postMessage,
  sendCopyData,
  sendCopyDataSync,
  sendMessage,
} from "../../../mod.ts";
import { openLibrary } from "../../support/open_library.ts";

const WM_USER = 0x400;

Deno.test("Functions throw RangeError for a window's handle without its upper half", async () => {
  using user32 = openLibrary("user32.dll", {
    IsWindow: { parameters: ["usize"], result: "i32" },
  });
  using window = MessageWindow.open({ procedure: () => 42n });
  const half = BigInt.asUintN(16, window.handle);
  for (const upper of [0n, 0xffff_0000n, 0xffff_ffff_ffff_0000n]) {
    const alias = upper | half;
    // Windows takes it as the window's handle, because 16-bit programs need this.
    assertEquals(user32.symbols.IsWindow(BigInt.asIntN(32, alias) & 0xffff_ffff_ffff_ffffn), 1);
    const text = `the handle of one window, got ${alias}`;
    await assertRejects(() => sendMessage(alias, WM_USER), RangeError, text);
    await assertRejects(() => sendCopyData(alias, "x"), RangeError, text);
    assertThrows(() => sendCopyDataSync(alias, "x"), RangeError, text);
    assertThrows(() => postMessage(alias, WM_USER), RangeError, text);
    assertEquals(new MessageSender(alias).pid, undefined);
  }
  assertEquals(await sendMessage(window.handle, WM_USER), 42n);
  assertEquals(await sendMessage(BigInt.asUintN(32, window.handle), WM_USER), 42n);
  assertEquals(new MessageSender(window.handle).pid, Deno.pid);
});

Deno.test("sendMessage() throws RangeError for constants such as HWND_MESSAGE", async () => {
  for (const constant of [0n, 1n, 0xffffn, -1n, -2n, HWND_MESSAGE]) {
    await assertRejects(() => sendMessage(constant, WM_USER), RangeError, "of one window");
  }
});

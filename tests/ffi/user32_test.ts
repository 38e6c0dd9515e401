import { assert, assertEquals } from "@std/assert";
import { GuardedCallback } from "../../ffi/callback.ts";
import { windowClass } from "../../ffi/win32/types.ts";
import { toBool, toHwnd, toLresult, user32 } from "../../ffi/win32/user32.ts";
import { HWND_MESSAGE } from "../../src/messages/window/find.ts";
import { encodeWide } from "../../ffi/wide.ts";

const WM_USER = 0x400;

/** Opens a message-only window of this thread. `using` destroys it. */
function openWindow(procedure: GuardedCallback): Disposable & { handle: bigint } {
  const { CreateWindowExW, DestroyWindow, RegisterClassExW, UnregisterClassW } = user32();
  const name = encodeWide(`winipc-test-${crypto.randomUUID()}`);
  assert(RegisterClassExW(windowClass(procedure.pointer, name)));
  const result = CreateWindowExW(0, name, null, 0, 0, 0, 0, 0, HWND_MESSAGE, 0n, 0n, null);
  const handle = toHwnd(result);
  assert(handle);
  return {
    handle,
    [Symbol.dispose]: () => {
      assertEquals(toBool(DestroyWindow(handle)), 1);
      assert(UnregisterClassW(name, 0n));
    },
  };
}

Deno.test("user32's re-entrant functions call a JavaScript window procedure before they return", () => {
  const { DefWindowProcW, SendMessageW } = user32();
  const seen: number[] = [];
  using procedure = GuardedCallback.windowProcedure((window, message, wParam, lParam) => {
    seen.push(message);
    if (message === WM_USER) return wParam + lParam;
    return toLresult(DefWindowProcW(window, message, wParam, lParam));
  });
  {
    using target = openWindow(procedure);
    const answer = SendMessageW(target.handle, WM_USER, 40n, -82n);
    assertEquals(toLresult(answer), -42n);
  }
  procedure.throwIfFailed();
  const [WM_NCCREATE, WM_CREATE, WM_NCDESTROY] = [0x81, 0x1, 0x82];
  for (const message of [WM_NCCREATE, WM_CREATE, WM_USER, WM_NCDESTROY]) {
    assert(seen.includes(message), `message ${message} of ${seen}`);
  }
});

Deno.test("user32's EnumWindows stops when the callback returns false", () => {
  const { EnumWindows } = user32();
  let count = 0;
  using callback = GuardedCallback.windowEnumeration(() => ++count < 1);
  EnumWindows(callback.pointer, 0n);
  callback.throwIfFailed();
  assert(count <= 1);
});

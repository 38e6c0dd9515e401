/**
 * Opens the libraries and the callback that this module keeps open until the process ends. So the
 * sanitizers of `deno test` do not blame a test for them.
 *
 * The first use of this module in a process opens the system's libraries and a callback, and keeps
 * them. With `sanitizeResources`, Deno fails the test that happens to come first: "A dynamic library
 * was loaded during the test, but not unloaded". Import this module from a file of your own, and
 * preload that file:
 *
 * ```ts
 * // preload.ts: deno test --allow-ffi --preload=preload.ts
 * import "@winipc/winipc/testing";
 * ```
 *
 * The import has no exports. It does nothing on systems other than Windows, and nothing without
 * `--allow-ffi`. docs/testing.md says more.
 *
 * @module
 */

import { createEvent, RegisteredWait, setEvent } from "../ffi/kernel_object.ts";
import { whyUnsupported } from "../ffi/platform.ts";
import { advapi32 } from "../ffi/win32/advapi32.ts";
import { kernel32, kernelbase } from "../ffi/win32/kernel32.ts";
import { ntdll } from "../ffi/win32/ntdll.ts";
import { user32 } from "../ffi/win32/user32.ts";
import { MessageWindow } from "./messages/mod.ts";

/** Whether the module can be used: importing it must not throw, and must not ask. */
function isUsable(): boolean {
  return whyUnsupported() === undefined &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

if (isUsable()) {
  for (const functions of [kernel32, kernelbase, ntdll, advapi32, user32]) {
    // To read a function binds it.
    Object.values(functions());
  }
  // On Wine the first process with a window makes the desktop. If two processes make one at the
  // same time, they may never see each other's windows (seen once in ten cold starts).
  MessageWindow.open({ procedure: () => undefined }).close();
  // All waits of a thread share one callback. The first wait makes it.
  using event = createEvent("the first wait");
  setEvent(event);
  await new RegisteredWait(event).signalled;
}

/**
 * Opens the libraries of Windows, and a window, before any test begins; the test
 * tasks preload this.
 *
 * Libraries stay open for as long as the process lives, and the test that happened to
 * open one would be blamed for it by the sanitizer of resources. The window is for
 * Wine, which makes its desktop for the first process that needs one: two that
 * need it at once may never see each other's windows (seen once in ten cold starts). The
 * wait is for the callback that all waits share, which stays as well.
 *
 * @module
 */

import { advapi32 } from "../../ffi/win32/advapi32.ts";
import { createEvent, RegisteredWait, setEvent } from "../../ffi/kernel_object.ts";
import { kernel32, kernelbase } from "../../ffi/win32/kernel32.ts";
import { ntdll } from "../../ffi/win32/ntdll.ts";
import { user32 } from "../../ffi/win32/user32.ts";
import { MessageWindow } from "../../src/messages/mod.ts";

for (const open of [kernel32, kernelbase, ntdll, advapi32, user32]) open();
MessageWindow.open({ procedure: () => undefined }).close();

using event = createEvent("the first wait");
setEvent(event);
await new RegisteredWait(event).signalled;

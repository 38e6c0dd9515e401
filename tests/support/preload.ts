/**
 * Opens the libraries of Windows, a window and a wait before any test begins. The test tasks
 * preload this.
 *
 * Libraries stay open until the process ends. The sanitizer of resources would report them in the
 * first test that opens them. The callback that all waits share stays open too.
 *
 * The window is for Wine, which creates its desktop for the first process that needs one. If two
 * processes need it at once, they may never see each other's windows (seen once in ten cold
 * starts).
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

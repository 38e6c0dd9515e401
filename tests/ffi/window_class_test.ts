import { assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { CopyDataListener, findWindow, MessageWindow, registerWindowMessage } from "../../mod.ts";
import { assertNoAtomNumber } from "../../ffi/callback.ts";

const NUMBERS = ["#0", "#5", "#00005", "#123", "#1024", "#32770", "#49152", "#65541"];

Deno.test("registerWindowMessage() refuses a # with digits only as a name", () => {
  for (const name of NUMBERS) {
    assertThrows(() => registerWindowMessage(name), TypeError, "reads a # with digits as a number");
  }
  for (const name of ["#", "#winipc", "#5x", "5#", " #5"]) {
    assertGreater(registerWindowMessage(name), 0xbfff, name);
  }
});

Deno.test("A new window class refuses a # with digits only as its name", async () => {
  const procedure = () => undefined;
  for (const name of NUMBERS) {
    assertThrows(() => MessageWindow.open({ class: name, procedure }), TypeError, "class to be");
    const opening = CopyDataListener.open({ class: name, onMessage: () => 0 });
    await assertRejects(() => opening, TypeError, "reads a # with digits as a number");
    assertNoAtomNumber("class", `${name}x`);
  }
  using window = MessageWindow.open({ class: "#5 winipc", procedure });
  assertEquals((await findWindow({ class: "#5 winipc", timeout: 0 })).handle, window.handle);
  // Dialogs of Windows have the class #32770, so findWindow() accepts the name.
  const none = Deno.errors.TimedOut;
  await assertRejects(() => findWindow({ class: "#32770", timeout: 0 }), none);
});

import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { deliveryError } from "../../../src/messages/send/delivery.ts";

// On Wine each program can send to each window, so this test makes up a refusal by UIPI.
Deno.test("deliveryError() returns PermissionDenied, NotFound or TimedOut, depending on the error code", () => {
  const head = {
    window: 0xabcn,
    message: 0x4a,
    wParam: 0n,
    lParam: 0n,
    byteLength: 3,
    timeout: 70,
  };
  const cases = [
    [5, Deno.errors.PermissionDenied, "runs with more rights and does not admit WM_COPYDATA"],
    [1400, Deno.errors.NotFound, "there is no such window, or its program ended"],
    [1460, Deno.errors.TimedOut, "there was no answer within 70 ms"],
    [8, Error, "ERROR_NOT_ENOUGH_MEMORY"],
  ] as const;
  for (const [code, type, text] of cases) {
    const error = deliveryError(head, code);
    assertInstanceOf(error, type);
    assertStringIncludes(error.message, text);
    assertEquals(error.message.split(":")[0], "Cannot send 3 bytes to window 0xabc");
  }
});

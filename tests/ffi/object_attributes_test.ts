import { assertEquals } from "@std/assert";
import { addressOf, objectAttributes } from "../../ffi/win32/types.ts";
import { decodeWide, encodeWide } from "../../ffi/wide.ts";

Deno.test("objectAttributes() has the name in its own memory, so that nothing else must be kept", () => {
  const name = encodeWide("\\??\\pipe\\x");
  const bytes = objectAttributes(name, null);
  name.fill(0);
  const view = new DataView(bytes.buffer);
  const at = Number(view.getBigUint64(56, true) - addressOf(bytes));
  assertEquals(view.getBigUint64(16, true), addressOf(bytes) + 48n);
  const length = view.getUint16(48, true);
  assertEquals([at, length], [64, 20]);
  assertEquals(decodeWide(new Uint16Array(bytes.buffer, at, length / 2)), "\\??\\pipe\\x");
});

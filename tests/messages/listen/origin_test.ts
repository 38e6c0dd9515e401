import { assertEquals } from "@std/assert";
import { MessageSender } from "../../../src/messages/mod.ts";

Deno.test("MessageSender takes handles of 32-bit and of 64-bit programs", () => {
  const handles = [0x89ab_cdefn, 0xffff_ffff_89ab_cdefn].map((given) => new MessageSender(given));
  assertEquals(handles.map(({ handle }) => handle), [
    0xffff_ffff_89ab_cdefn,
    0xffff_ffff_89ab_cdefn,
  ]);
  assertEquals(new MessageSender(0x1_0001n).handle, 0x1_0001n);
  assertEquals([handles[0]!.pid, handles[0]!.path], [undefined, undefined]);
});

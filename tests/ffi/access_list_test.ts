import { assertEquals } from "@std/assert";
import { readAccessList } from "../../ffi/access_list.ts";
import { createEvent } from "../../ffi/kernel_object.ts";
import { SECURITY_INFORMATION, writeSecurity } from "../../ffi/security.ts";

Deno.test("readAccessList() reads the entries in their order, and tells an empty list from none", () => {
  using event = createEvent("readAccessList");
  const read = () => readAccessList(event.value, "the event");
  writeSecurity(
    event.value,
    "D:P(D;;0x2;;;S-1-5-7)(A;;0x120003;;;S-1-1-0)",
    SECURITY_INFORMATION.dacl,
  );
  assertEquals(read(), {
    entries: [
      { allows: false, sid: "S-1-5-7", mask: 0x2, inherited: false },
      { allows: true, sid: "S-1-1-0", mask: 0x12_0003, inherited: false },
    ],
    isProtected: true,
  });
  writeSecurity(event.value, "D:P", SECURITY_INFORMATION.dacl);
  assertEquals(read().entries, []);
});

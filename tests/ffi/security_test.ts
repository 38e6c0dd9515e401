import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createEvent } from "../../ffi/kernel_object.ts";
import {
  currentUserSid,
  readSecurity,
  type Sddl,
  sddlFor,
  SECURITY_INFORMATION,
  SecurityDescriptor,
  writeSecurity,
} from "../../ffi/security.ts";

const RIGHTS = { all: 0xf001f, everyone: 0x20007 };

Deno.test("currentUserSid() always returns the same security identifier", () => {
  assertMatch(currentUserSid(), /^S-1-\d+(-\d+)+$/);
  assertEquals(currentUserSid(), currentUserSid());
});

Deno.test("sddlFor() returns the descriptor for each choice", () => {
  const sid = currentUserSid();
  const own = `O:${sid}D:P(A;;0xf001f;;;${sid})(A;;0xf001f;;;SY)`;
  assertEquals(sddlFor("user", RIGHTS), own);
  assertEquals(sddlFor("everyone", RIGHTS), `${own}(A;;0x20007;;;WD)S:(ML;;NW;;;LW)`);
  assertEquals(sddlFor("everyone-full", RIGHTS), `${own}(A;;0xf001f;;;WD)S:(ML;;NW;;;LW)`);
  assertEquals(sddlFor("D:P(A;;GA;;;SY)", RIGHTS), "D:P(A;;GA;;;SY)");
});

Deno.test("sddlFor() refuses texts that are neither a choice nor a descriptor", () => {
  for (const security of ["admins", "", "P:x"]) {
    assertThrows(() => sddlFor(security as Sddl, RIGHTS), TypeError, "Expected security to be");
  }
});

Deno.test("readSecurity() reads the current descriptor, of any length", () => {
  using event = createEvent("a test");
  const { dacl } = SECURITY_INFORMATION;
  for (const entries of [0, 1, 5, 20, 1000, 1]) {
    // Each entry has its own account, because Windows merges entries of the same account.
    const list = Array.from(
      { length: entries },
      (_, n) => `(A;;0x100000;;;S-1-5-21-1-2-3-${n + 1})`,
    );
    const sddl: Sddl = `D:P${list.join("")}`;
    writeSecurity(event.value, sddl, dacl);
    assertEquals(readSecurity(event.value, dacl), sddl);
  }
});

Deno.test("SecurityDescriptor refuses invalid descriptors", () => {
  for (const sddl of ["D:(A;;GA;;;nobody)", "D:(Z;;GA;;;WD)"] as const) {
    assertThrows(
      () => new SecurityDescriptor(sddl),
      TypeError,
      "Expected a security descriptor",
    );
  }
});

Deno.test("SecurityDescriptor is freed only once", () => {
  const descriptor = new SecurityDescriptor("D:P");
  assert(descriptor.pointer);
  descriptor[Symbol.dispose]();
  assertEquals(descriptor.pointer, null);
  descriptor[Symbol.dispose]();
});

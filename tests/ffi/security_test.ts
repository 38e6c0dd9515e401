import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createEvent } from "../../ffi/kernel_object.ts";
import {
  currentUserSid,
  readSecurity,
  type Sddl,
  sddlFor,
  SECURITY_INFORMATION,
  SecurityDescriptor,
  sidText,
  userOfProcess,
  writeSecurity,
} from "../../ffi/security.ts";
import { decodeWideAt } from "../../ffi/wide.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { openLibrary } from "../support/open_library.ts";

const RIGHTS = { all: 0xf001f, everyone: 0x20007 };

Deno.test("currentUserSid() always returns the same security identifier", () => {
  assertMatch(currentUserSid(), /^S-1-\d+(-\d+)+$/);
  assertEquals(currentUserSid(), currentUserSid());
});

Deno.test("currentUserSid() is the user that userOfProcess() finds for this process", () => {
  const self = kernel32().GetCurrentProcess();
  assertEquals(userOfProcess(self, "Cannot find out my user"), currentUserSid());
});

Deno.test("sidText() returns the same text as Windows", () => {
  using advapi32 = openLibrary("advapi32.dll", {
    ConvertSidToStringSidW: { parameters: ["buffer", "buffer"], result: "i32" },
  });
  const sids = [
    [1, 0, 0, 0, 0, 0, 0, 5],
    [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
    [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0],
    [1, 1, 0, 0, 127, 255, 255, 255, 255, 255, 255, 255],
    [1, 15, 0, 0, 0, 0, 0, 15, ...Array.from({ length: 60 }, (_, index) => index * 4)],
  ];
  for (const bytes of sids) {
    const sid = Uint8Array.from(bytes);
    const text = new BigUint64Array(1);
    assert(advapi32.symbols.ConvertSidToStringSidW(sid, text));
    const pointer = Deno.UnsafePointer.create(text[0]!)!;
    const expected = decodeWideAt(pointer);
    kernel32().LocalFree(pointer);
    assertEquals(sidText(Uint8Array.of(...bytes, 7)), expected);
  }
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

import { assert, assertEquals, assertThrows } from "@std/assert";
import { accountName } from "../../ffi/account.ts";
import { listDirectory, sessionDirectory } from "../../ffi/object_directory.ts";
import { currentSession, environmentVariable } from "../../ffi/process_thread.ts";
import { currentUserSid } from "../../ffi/security.ts";
import { objectAttributes } from "../../ffi/win32/types.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { toUnits } from "../../ffi/wide.ts";
import { Lister } from "../../src/cli/objects/listing.ts";
import { randomName } from "../support/random_name.ts";

const DIRECTORY = sessionDirectory(currentSession());

Deno.test("listDirectory() lists names with any characters, and the lister opens none with a NUL", async () => {
  const name = `${randomName()}\0\ud800 end`;
  // OpenFileMappingW ends a name at a NUL. The kernel's own function does not.
  const library = Deno.dlopen("ntdll.dll", {
    NtCreateSection: {
      parameters: ["buffer", "u32", "buffer", "buffer", "u32", "u32", "usize"],
      result: "i32",
    },
  });
  const out = new BigUint64Array(1);
  const attributes = objectAttributes(toUnits(`${DIRECTORY}\\${name}\0`), null);
  const [access, readWrite, commit] = [0xf_001f, 0x4, 0x800_0000];
  const size = BigInt64Array.of(4096n);
  const status = library.symbols.NtCreateSection(
    out,
    access,
    attributes,
    size,
    readWrite,
    commit,
    0n,
  );
  try {
    assertEquals(status, 0);
    const found = listDirectory(DIRECTORY).filter((entry) => entry.name === name);
    assertEquals(found, [{ name, type: "Section" }]);
    const { objects } = await new Lister({ kind: "section", matches: (n) => n === name }).list();
    assertEquals(objects, [{ kind: "section", name, denied: true }]);
  } finally {
    kernel32().CloseHandle(out[0]!);
    library.close();
  }
});

Deno.test("listDirectory() throws NotFound for a directory that does not exist", () => {
  assertThrows(
    () => listDirectory("\\Sessions\\12345\\BaseNamedObjects"),
    Deno.errors.NotFound,
    "Cannot list the objects of \\Sessions\\12345\\BaseNamedObjects: NtOpenDirectoryObject failed",
  );
});

Deno.test("accountName() returns the names of users and groups, and undefined for others", () => {
  const user = environmentVariable("USERNAME")!;
  const name = accountName(currentUserSid())!;
  assert(name.toLowerCase().endsWith(`\\${user.toLowerCase()}`), `${name} is ${user}`);
  assertEquals(accountName("S-1-5-18"), "SYSTEM");
  assertEquals(accountName("S-1-5-21-1-2-3-4"), undefined);
  assertEquals(accountName("no identifier"), undefined);
});

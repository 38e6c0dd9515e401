import { assertEquals, assertThrows } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { readSecurity, SECURITY_INFORMATION } from "../../ffi/security.ts";
import { openPipe } from "../../ffi/named_pipe.ts";
import { decodeWideAt, encodeWide } from "../../ffi/wide.ts";
import { listenPipe } from "../../src/pipe/mod.ts";
import { sidOfPackage } from "../../src/pipe/name.ts";
import { openLibrary } from "../support/open_library.ts";
import { randomName } from "../support/random_name.ts";

const EDGE = "Microsoft.MicrosoftEdge_8wekyb3d8bbwe";
/** The identifier that Windows gives to the app of that name. */
const SID_OF_EDGE =
  "S-1-15-2-3624051433-2125758914-1423191267-1740899205-1073925389-3782572162-737981194";

/** Returns the descriptor of a pipe, as a client reads it. */
function descriptorOf(path: string): string {
  const { handle } = openPipe({ path, label: "pipe", impersonation: "identify" });
  using pipe = handle;
  return readSecurity(pipe.value, SECURITY_INFORMATION.dacl | SECURITY_INFORMATION.label);
}

Deno.test("listenPipe() admits the packages that it is given, and low integrity with them", () => {
  for (
    const [packages, accounts] of [
      [undefined, []],
      [true, ["AC"]],
      [[EDGE], [SID_OF_EDGE]],
      [[SID_OF_EDGE], [SID_OF_EDGE]],
    ] as const
  ) {
    using listener = listenPipe({ name: randomName(), ...(packages && { packages }) });
    const descriptor = descriptorOf(listener.path);
    const found = [...descriptor.matchAll(/\(A;;0x12019b;;;([^)]+)\)/g)].map(([, sid]) => sid!);
    assertEquals(found, [...accounts], descriptor);
    // Wine 10 keeps no label, so it is seen on Windows only.
    if (!isWine()) assertEquals(descriptor.includes("ML;;NW;;;LW"), accounts.length > 0);
  }
});

Deno.test("listenPipe() refuses packages beside a descriptor", () => {
  assertThrows(
    () => listenPipe({ name: randomName(), packages: true, security: "D:P(A;;GA;;;WD)" }),
    TypeError,
    "descriptor",
  );
});

Deno.test("The identifier of a package is the one of Windows", () => {
  assertEquals(sidOfPackage(EDGE), SID_OF_EDGE);
  assertEquals(sidOfPackage(EDGE.toUpperCase()), SID_OF_EDGE);
  // Wine has no AppContainers.
  if (isWine()) return;
  using userenv = openLibrary("userenv.dll", {
    DeriveAppContainerSidFromAppContainerName: { parameters: ["buffer", "buffer"], result: "i32" },
  });
  using advapi32 = openLibrary("advapi32.dll", {
    ConvertSidToStringSidW: { parameters: ["pointer", "buffer"], result: "i32" },
    FreeSid: { parameters: ["pointer"], result: "pointer" },
  });
  for (const name of [EDGE, "winipc-test", "A.B-c_1"]) {
    const [sid, text] = [new BigUint64Array(1), new BigUint64Array(1)];
    const { DeriveAppContainerSidFromAppContainerName } = userenv.symbols;
    assertEquals(DeriveAppContainerSidFromAppContainerName(encodeWide(name), sid), 0);
    const pointer = Deno.UnsafePointer.create(sid[0]!);
    advapi32.symbols.ConvertSidToStringSidW(pointer, text);
    assertEquals(sidOfPackage(name), decodeWideAt(Deno.UnsafePointer.create(text[0]!)!));
    advapi32.symbols.FreeSid(pointer);
  }
});

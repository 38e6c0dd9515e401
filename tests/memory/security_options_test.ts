import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { currentUserSid, readSecurity, SECURITY_INFORMATION } from "../../ffi/security.ts";
import { SharedMemory } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";

const WRITE_DAC = 0x40000;
const WRITE_OWNER = 0x80000;

/** Returns the rights that a descriptor in SDDL grants to each account, as masks. */
function grants(sddl: string): Map<string, number> {
  const entries = sddl.matchAll(/\(A;[^;]*;([^;]*);;;([^)]*)\)/g);
  return new Map([...entries].map(([, rights, account]) => [account!, toMask(rights!)]));
}

/** Reads rights, which Windows writes as pairs of letters if possible, and else in hexadecimal. */
function toMask(rights: string): number {
  const letters: Record<string, number> = {
    ...{ CC: 0x1, DC: 0x2, LC: 0x4, SW: 0x8, RP: 0x10, WP: 0x20, DT: 0x40, LO: 0x80, CR: 0x100 },
    ...{ SD: 0x10000, RC: 0x20000, WD: 0x40000, WO: 0x80000, GA: 0x10000000 },
  };
  if (rights.startsWith("0x")) return Number(rights);
  return rights.match(/../g)!.reduce((mask, pair) => mask | letters[pair]!, 0);
}

function describe(memory: SharedMemory): string {
  const { owner, dacl } = SECURITY_INFORMATION;
  return readSecurity(memory.unsafeHandle, owner | dacl);
}

Deno.test("SharedMemory.create() grants all rights to this user and the system by default", () => {
  const sid = currentUserSid();
  for (const options of [{}, { security: "user" as const }]) {
    using memory = SharedMemory.create(randomName(), 1, options);
    const sddl = describe(memory);
    assert(sddl.startsWith(`O:${sid}`), sddl);
    assertEquals(grants(sddl), new Map([[sid, 0xf001f], ["SY", 0xf001f]]));
  }
});

Deno.test('SharedMemory.create() with security "everyone" lets everyone only read and write', () => {
  const name = randomName();
  using memory = SharedMemory.create(name, 1, { security: "everyone" });
  const mask = grants(describe(memory)).get("WD");
  assertEquals(mask, 0x20007); // READ_CONTROL, FILE_MAP_READ, FILE_MAP_WRITE, SECTION_QUERY
  assertFalse(mask! & (WRITE_DAC | WRITE_OWNER));
  SharedMemory.open(name, { access: "readwrite" }).close();
});

Deno.test('SharedMemory.create() with security "everyone" admits programs of low integrity', () => {
  using memory = SharedMemory.create(randomName(), 1, { security: "everyone" });
  const sddl = readSecurity(memory.unsafeHandle, SECURITY_INFORMATION.label);
  // Windows returns the section's label. Wine does not keep it.
  assert(sddl === "S:(ML;;NW;;;LW)" || sddl === "", sddl);
});

Deno.test("SharedMemory.create() accepts a descriptor in SDDL as security", () => {
  using memory = SharedMemory.create(randomName(), 1, { security: "D:P(A;;0x4;;;WD)" });
  assertEquals(grants(describe(memory)), new Map([["WD", 4]]));
});

Deno.test("SharedMemory.create() refuses invalid security before it creates a section", () => {
  const name = randomName();
  for (const security of ["nobody", "", "D:(A;;GA;;;not a SID)"]) {
    assertThrows(
      // @ts-expect-error: the type checker refuses some of these values too
      () => SharedMemory.create(name, 1, { security }),
      TypeError,
    );
    assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
  }
});

Deno.test("SharedMemory.anonymous() grants no right but to read the descriptor, not even to its owner", () => {
  using memory = SharedMemory.anonymous(1);
  assertEquals(describe(memory), `O:${currentUserSid()}D:P(A;;RC;;;OW)`);
});

Deno.test('SharedMemory.open() with owner "self" refuses memory that another user created', () => {
  const name = randomName();
  using _mine = SharedMemory.create(name, 1);
  SharedMemory.open(name, { owner: "self" }).close();
  SharedMemory.openOrCreate(name, 1, { owner: "self" }).close();

  const foreign = randomName();
  // Without a privilege, Windows refuses to create an object that another user owns. Only Wine does
  // it, so only there the refusal can be tested.
  let theirs: SharedMemory;
  try {
    theirs = SharedMemory.create(foreign, 1, { security: "O:SYD:P(A;;GA;;;WD)" });
  } catch (error) {
    assert(error instanceof Deno.errors.PermissionDenied);
    return;
  }
  using _theirs = theirs;
  SharedMemory.open(foreign).close();
  for (
    const open of [
      () => SharedMemory.open(foreign, { owner: "self" }),
      () => SharedMemory.openOrCreate(foreign, 1, { owner: "self" }),
    ]
  ) {
    assertThrows(
      open,
      Deno.errors.PermissionDenied,
      "its owner is SYSTEM (S-1-5-18), not this user",
    );
  }
});

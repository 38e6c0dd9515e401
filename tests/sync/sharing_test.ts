import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { readSecurity, SECURITY_INFORMATION } from "../../ffi/security.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { openSection } from "../../src/memory/mapping.ts";
import {
  SharedEvent,
  SharedMemory,
  SharedMutex,
  type SharedObject,
  SharedSemaphore,
} from "../../mod.ts";
import { randomName } from "../support/random_name.ts";

const CLASSES = [SharedEvent, SharedSemaphore, SharedMutex];

Deno.test("security and owner decide which users can open a shared object", () => {
  for (const kind of CLASSES) {
    const name = randomName();
    using _event = kind.create(name, { security: "everyone" });
    kind.open(name, { owner: "self" }).close();
    const denied = randomName();
    // Wine 10 grants an owner all standard rights, which are enough for a mutex. On Windows a user
    // cannot name another owner.
    const security = isWine() ? "O:SYD:P(A;;RC;;;WD)" : "D:P(A;;RC;;;WD)";
    using _denied = kind.create(denied, { security });
    assertThrows(() => kind.open(denied), Deno.errors.PermissionDenied, "Cannot open");
    assertThrows(() => kind.openOrCreate(denied), Deno.errors.PermissionDenied);
    assertThrows(() => kind.create(denied), Deno.errors.AlreadyExists);
    assertRefusesAnotherOwner(kind);
    for (const wrong of ["all", "", "D:(A;;GA;;;nobody)"]) {
      // @ts-expect-error: the type checker refuses this value, and so must the function
      assertThrows(() => kind.create(randomName(), { security: wrong }), TypeError);
    }
    // @ts-expect-error: the type checker refuses this value, and so must the function
    assertThrows(() => kind.open(name, { owner: "me" }), TypeError);
  }
});

Deno.test("Shared objects without a name grant no rights to anybody by default", () => {
  for (const kind of CLASSES) {
    using object = kind.anonymous();
    const { dacl } = SECURITY_INFORMATION;
    assertEquals(readSecurity(object.unsafeHandle, dacl), "D:P(A;;RC;;;OW)");
  }
});

Deno.test("Names of shared objects and memory are case-sensitive", () => {
  const name = `${randomName()}-x`;
  for (const kind of CLASSES) {
    using object = kind.create(name);
    assertThrows(() => kind.open(name.toUpperCase()), Deno.errors.NotFound);
    using other = kind.create(name.toUpperCase());
    assertEquals([object.name, other.name], [`Local\\${name}`, `Local\\${name.toUpperCase()}`]);
  }
  using memory = SharedMemory.create(name, 1);
  using other = SharedMemory.openOrCreate(name.toUpperCase(), 1);
  assertEquals([memory.created, other.created], [true, true]);
});

Deno.test("Shared objects and memory refuse each other's names", () => {
  const name = randomName();
  using memory = SharedMemory.create(name, 1);
  for (const kind of CLASSES) {
    assertThrows(() => kind.open(name), Deno.errors.InvalidData, "another kind");
    assertThrows(() => kind.create(name), Deno.errors.AlreadyExists, "another kind");
    const other = randomName();
    using object = kind.create(other);
    assertThrows(() => openSection(object.name!, 4, "x"), Deno.errors.InvalidData, "another kind");
  }
  assertEquals(memory.byteLength, 1);
});

Deno.test("Waits and locks refuse invalid options and aborted signals", async () => {
  using event = SharedEvent.anonymous();
  using mutex = SharedMutex.anonymous();
  for (const timeout of [-1, 1.5, NaN, 2 ** 31]) {
    await assertRejects(() => event.wait({ timeout }), RangeError, "Expected timeout");
    await assertRejects(() => mutex.lock({ timeout }), RangeError, "Expected timeout");
    assertThrows(() => event.waitSync({ timeout }), RangeError, "Expected timeout");
    assertThrows(() => mutex.lockSync({ timeout }), RangeError, "Expected timeout");
  }
  const signal = AbortSignal.abort(new Error("on purpose"));
  await assertRejects(() => event.wait({ signal }), Error, "on purpose");
  await assertRejects(() => mutex.lock({ signal }), Error, "on purpose");
  // @ts-expect-error: the type checker refuses this value, and so must the function
  assertThrows(() => SharedEvent.anonymous({ reset: "never" }), TypeError, "Expected reset");
});

/** Only on Wine can a user create an object that another user owns, without a privilege. */
function assertRefusesAnotherOwner(kind: (typeof CLASSES)[number]): void {
  const name = randomName();
  let theirs: SharedObject;
  try {
    theirs = kind.create(name, { security: "O:SYD:P(A;;GA;;;WD)" });
  } catch (error) {
    assertInstanceOf(error, Deno.errors.PermissionDenied);
    return;
  }
  using _theirs = theirs;
  kind.open(name).close();
  assertThrows(() => kind.open(name, { owner: "self" }), Deno.errors.PermissionDenied, "not this");
}

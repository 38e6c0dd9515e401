import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { readSecurity, SECURITY_INFORMATION } from "../../ffi/security.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { openSection } from "../../src/memory/section.ts";
import {
  SharedEvent,
  SharedMemory,
  SharedMutex,
  type SharedObject,
  SharedSemaphore,
} from "../../mod.ts";
import { randomName } from "../support/random_name.ts";

const CLASSES = [SharedEvent, SharedSemaphore, SharedMutex];

Deno.test("shared objects are for this user, for everyone, or for whom a descriptor names", () => {
  for (const kind of CLASSES) {
    const name = randomName();
    using _event = kind.create(name, { security: "everyone" });
    kind.open(name, { owner: "self" }).close();
    const denied = randomName();
    // Wine 10 grants the owner all standard rights, and so to use a mutex; Windows lets nobody name another owner.
    const security = isWine() ? "O:SYD:P(A;;RC;;;WD)" : "D:P(A;;RC;;;WD)";
    using _denied = kind.create(denied, { security });
    assertThrows(() => kind.open(denied), Deno.errors.PermissionDenied, "Cannot open");
    assertThrows(() => kind.openOrCreate(denied), Deno.errors.PermissionDenied);
    assertThrows(() => kind.create(denied), Deno.errors.AlreadyExists);
    assertRefusesAnotherOwner(kind);
    for (const wrong of ["all", "", "D:(A;;GA;;;nobody)"]) {
      // @ts-expect-error: what the type checker refuses is refused at run time too
      assertThrows(() => kind.create(randomName(), { security: wrong }), TypeError);
    }
    // @ts-expect-error: what the type checker refuses is refused at run time too
    assertThrows(() => kind.open(name, { owner: "me" }), TypeError);
  }
});

Deno.test("shared objects without a name grant nobody anything by default", () => {
  for (const kind of CLASSES) {
    using object = kind.anonymous();
    const { dacl } = SECURITY_INFORMATION;
    assertEquals(readSecurity(object.unsafeHandle, dacl), "D:P(A;;RC;;;OW)");
  }
});

Deno.test("names of shared objects and memory differ by upper and lower case", () => {
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

Deno.test("shared objects and memory refuse each other's names", () => {
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

Deno.test("waits refuse options that make no sense", async () => {
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
  // @ts-expect-error: what the type checker refuses is refused at run time too
  assertThrows(() => SharedEvent.anonymous({ reset: "never" }), TypeError, "Expected reset");
});

/** Only Wine lets a user give an object to somebody else without a privilege. */
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

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Win32Error } from "../../ffi/error.ts";
import { SharedEvent, SharedMutex, SharedSemaphore } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

Deno.test("SharedSemaphore.release(n) ends n waits, and returns the count before", async () => {
  using semaphore = SharedSemaphore.anonymous({ initial: 1, maximum: 5 });
  await semaphore.wait(soon);
  await assertRejects(() => semaphore.wait({ timeout: 0 }), Deno.errors.TimedOut);
  const waits = Array.from({ length: 3 }, () => semaphore.wait(soon));
  semaphore.release(3);
  await Promise.all(waits);
  assertEquals([semaphore.release(), semaphore.release(2), semaphore.release()], [0, 1, 3]);
  semaphore.waitSync({ timeout: 0 });
});

Deno.test("SharedSemaphore.release() throws above the maximum, and changes nothing", () => {
  using semaphore = SharedSemaphore.anonymous({ initial: 4, maximum: 5 });
  const error = assertThrows(
    () => semaphore.release(2),
    RangeError,
    "more was released than was taken",
  );
  assertEquals(error.cause instanceof Win32Error && error.cause.code, 298);
  assertEquals(semaphore.release(), 4);
  for (const wrong of [0, -1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => semaphore.release(wrong), RangeError, "Expected count");
  }
  const name = randomName();
  using _existing = SharedSemaphore.create(name);
  for (const options of [{ maximum: 0 }, { initial: 2, maximum: 1 }, { initial: -1 }]) {
    assertThrows(() => SharedSemaphore.anonymous(options), RangeError);
    // Also if the semaphore exists, although its own count and maximum then apply.
    assertThrows(() => SharedSemaphore.openOrCreate(name, options), RangeError);
  }
});

Deno.test("A name of another kind of object is refused, and the error says so", async () => {
  const classes = [SharedEvent, SharedSemaphore, SharedMutex];
  for (const held of classes) {
    const name = randomName();
    using _object = held.create(name);
    for (const other of classes) {
      if (other === held) continue;
      const text = "the name belongs to an object of another kind";
      assertThrows(() => other.create(name), Deno.errors.AlreadyExists, text);
      assertThrows(() => other.open(name), Deno.errors.InvalidData, text);
      assertThrows(() => other.openOrCreate(name), Deno.errors.InvalidData, text);
      await assertRejects(() => other.waitFor(name, soon), Deno.errors.InvalidData, text);
    }
  }
});

Deno.test("fromHandle() takes over a handle of its own kind, once", () => {
  const classes = [SharedEvent, SharedSemaphore, SharedMutex];
  for (const kind of classes) {
    using object = kind.anonymous();
    const duplicate = object.duplicateTo(Deno.pid);
    for (const other of classes) {
      if (other !== kind) {
        assertThrows(() => other.fromHandle(duplicate.value), Deno.errors.BadResource, "of kind");
      }
    }
    using adopted = kind.fromHandle(duplicate.value);
    assertEquals([adopted.kind, adopted.name, adopted.created], [object.kind, undefined, false]);
    assertThrows(
      () => kind.fromHandle(object.unsafeHandle),
      Deno.errors.BadResource,
      "owns it already",
    );
    duplicate.close();
  }
});

Deno.test("SharedSemaphore.openOrCreate() refuses a semaphore with another maximum", () => {
  const name = randomName();
  using _semaphore = SharedSemaphore.create(name, { initial: 1, maximum: 3 });
  using same = SharedSemaphore.openOrCreate(name, { initial: 2, maximum: 3 });
  assertEquals(same.created, false);
  for (const [options, maximum] of [[{ maximum: 4 }, 4], [{}, 2 ** 31 - 1]] as const) {
    assertThrows(
      () => SharedSemaphore.openOrCreate(name, options),
      Deno.errors.InvalidData,
      `its maximum is 3 and not ${maximum}`,
    );
  }
});

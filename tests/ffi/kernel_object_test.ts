import { assertEquals, assertThrows } from "@std/assert";
import { createObject } from "../../ffi/kernel_object.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { objectName } from "../../src/names.ts";
import { randomName } from "../support/random_name.ts";

const ERROR_ACCESS_DENIED = 5;

/**
 * Creates an event. The first few attempts fail, as if an object of the name denied access and was
 * then closed. Returns the number of attempts.
 */
function createAfter({ denials }: { denials: number }): number {
  const { CreateEventW, OpenEventW, SetLastError } = kernel32();
  let calls = 0;
  using _ = createObject({
    label: "event",
    name: objectName(randomName()),
    inheritable: false,
    api: "CreateEventW",
    create: (attributes, name) => {
      if (++calls > denials) return CreateEventW(attributes, 0, 0, name);
      SetLastError(ERROR_ACCESS_DENIED);
      return 0n;
    },
    open: OpenEventW,
  });
  return calls;
}

Deno.test("createObject() tries again if the object that denied access is closed", () => {
  assertEquals(createAfter({ denials: 3 }), 4);
});

Deno.test("createObject() gives up if access is always denied although the name is free", () => {
  assertThrows(() => createAfter({ denials: Infinity }), Deno.errors.PermissionDenied);
});

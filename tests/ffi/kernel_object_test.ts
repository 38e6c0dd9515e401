import { assertEquals, assertThrows } from "@std/assert";
import { createObject } from "../../ffi/kernel_object.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { objectName } from "../../src/names.ts";
import { randomName } from "../support/random_name.ts";

const ERROR_ACCESS_DENIED = 5;

/** Creates an event, as if an object that has gone since had denied access the first few times. */
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

Deno.test("createObject() tries again when the object that denied access has gone", () => {
  assertEquals(createAfter({ denials: 3 }), 4);
});

Deno.test("createObject() gives up when it is denied again and again, and nobody holds the name", () => {
  assertThrows(() => createAfter({ denials: Infinity }), Deno.errors.PermissionDenied);
});

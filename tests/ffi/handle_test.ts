import { assert, assertEquals, assertFalse, assertNotEquals, assertThrows } from "@std/assert";
import { Handle, isOwned } from "../../ffi/handle.ts";
import { kernelbase } from "../../ffi/win32/kernel32.ts";
import { openLibrary } from "../support/open_library.ts";
import { runPeer } from "../support/run_peer.ts";

const EVENT_ALL_ACCESS = 0x1f0003;
const SYNCHRONIZE = 0x100000;

function newEvent(): Handle {
  using library = openLibrary("kernel32.dll", {
    CreateEventW: { parameters: ["pointer", "i32", "i32", "pointer"], result: "usize" },
  });
  return new Handle(library.symbols.CreateEventW(null, 1, 0, null), "event");
}

/** Returns a handle's flags, or `undefined` if there is no such handle. */
function flagsOf(value: bigint): number | undefined {
  using library = openLibrary("kernel32.dll", {
    GetHandleInformation: { parameters: ["usize", "buffer"], result: "i32" },
  });
  const flags = new Uint32Array(1);
  return library.symbols.GetHandleInformation(value, flags) ? flags[0] : undefined;
}

Deno.test("Handle.close() closes the handle only once", () => {
  const handle = newEvent();
  const { value } = handle;
  using duplicate = handle.duplicate();
  // Another thread can get the value after the close, so the object is compared.
  const isOfEvent = () => kernelbase().CompareObjectHandles(value, duplicate.value) !== 0;
  assertEquals([isOfEvent(), handle.closed, isOwned(value)], [true, false, true]);
  handle.close();
  assertEquals([isOfEvent(), handle.closed, isOwned(value)], [false, true, false]);
  // The system soon reuses the value. A second close must not close the object that has it then.
  using events = new DisposableStack();
  let next;
  do next = events.use(newEvent()); while (next.value !== value);
  handle.close();
  assertEquals(flagsOf(next.value), 0);
});

Deno.test("Handle throws BadResource if it is used after it is closed", () => {
  const handle = newEvent();
  handle[Symbol.dispose]();
  assertThrows(() => handle.value, Deno.errors.BadResource, "The event is closed");
  assertThrows(() => handle.duplicate(), Deno.errors.BadResource, "The event is closed");
});

Deno.test("Handle.duplicate() makes another handle to the same object", () => {
  using handle = newEvent();
  using duplicate = handle.duplicate();
  assertNotEquals(duplicate.value, handle.value);
  assertEquals(flagsOf(duplicate.value), 0);
  assertFalse(isSignalled(duplicate));
  assert(signal(handle));
  assert(isSignalled(duplicate));
});

Deno.test("Handle.duplicate() can make a handle with fewer rights that child processes inherit", () => {
  using handle = newEvent();
  using waiter = handle.duplicate({ access: SYNCHRONIZE, inheritable: true });
  assertEquals(flagsOf(waiter.value), 1); // HANDLE_FLAG_INHERIT
  assertFalse(signal(waiter));
  using full = handle.duplicate({ access: EVENT_ALL_ACCESS });
  assert(signal(full));
});

Deno.test("Handle.duplicate() throws an error that names the object and the failed call", () => {
  // No handle has so large a value. Another thread could get the value of a closed handle.
  const handle = new Handle(2n ** 31n - 4n, "event");
  assertThrows(
    () => handle.duplicate(),
    Deno.errors.BadResource,
    "Cannot duplicate a handle of event: DuplicateHandle failed with error 6",
  );
  handle.release();
});

Deno.test("Handle that is forgotten is closed after it is collected", async () => {
  const lines = await runPeer("ffi/peers/forgotten_handle.ts", [], {
    flags: ["--v8-flags=--expose-gc"],
  });
  assertEquals(lines, ["open: 100", "forgotten and open: 0"]);
});

function signal(event: Handle): boolean {
  using library = openLibrary("kernel32.dll", {
    SetEvent: { parameters: ["usize"], result: "i32" },
  });
  return library.symbols.SetEvent(event.value) !== 0;
}

function isSignalled(event: Handle): boolean {
  using library = openLibrary("kernel32.dll", {
    WaitForSingleObject: { parameters: ["usize", "u32"], result: "u32" },
  });
  return library.symbols.WaitForSingleObject(event.value, 0) === 0;
}

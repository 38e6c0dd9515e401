import { assertEquals } from "@std/assert";
import { createEvent, resetEvent, setEvent } from "../../ffi/kernel_object.ts";
import { eventState, handleCount, holdersIn, mutexState } from "../../ffi/object_state.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";

Deno.test("eventState() reads an event and leaves it as it is", () => {
  for (const manual of [false, true]) {
    using event = createEvent("eventState", manual);
    assertEquals(eventState(event.value, "event"), { manual, set: false });
    setEvent(event);
    assertEquals(eventState(event.value, "event"), { manual, set: true });
    assertEquals(eventState(event.value, "event"), { manual, set: true });
    resetEvent(event);
    assertEquals(eventState(event.value, "event"), { manual, set: false });
  }
});

Deno.test("mutexState() tells whether a mutex is held", () => {
  const { CloseHandle, CreateMutexW, ReleaseMutex } = kernel32();
  const mutex = CreateMutexW(null, 1, null);
  const isHeld = () => mutexState(mutex, "mutex").held;
  assertEquals(isHeld(), true);
  ReleaseMutex(mutex);
  assertEquals(isHeld(), false);
  CloseHandle(mutex);
});

Deno.test("handleCount() counts all handles of an object", () => {
  using event = createEvent("handleCount");
  assertEquals(handleCount(event.value, "event"), 1);
  using same = event.duplicate();
  assertEquals(handleCount(same.value, "event"), 2);
});

/** Wine gives no addresses of objects, so the list is made by hand. */
function listOf(handles: readonly (readonly [object: bigint, process: number, handle: bigint])[]) {
  const list = new DataView(new ArrayBuffer(16 + 40 * handles.length));
  list.setBigUint64(0, BigInt(handles.length), true);
  handles.forEach(([object, process, handle], index) => {
    const at = 16 + 40 * index;
    list.setBigUint64(at, object, true);
    list.setBigUint64(at + 8, BigInt(process), true);
    list.setBigUint64(at + 16, handle, true);
  });
  return list;
}

Deno.test("holdersIn() counts the handles of an object in each process, without the own one", () => {
  const list = listOf([
    [0xa0n, 4, 8n],
    [0xb0n, 4, 12n],
    [0xb0n, 8, 16n],
    [0xb0n, 8, 20n],
    [0xb0n, 12, 12n],
    [0xa0n, 12, 20n],
  ]);
  const own = { handle: 16n, process: 8 };
  assertEquals(holdersIn(list, own), [
    { process: 4, handles: 1 },
    { process: 8, handles: 1 },
    { process: 12, handles: 1 },
  ]);
  assertEquals(holdersIn(list, { handle: 8n, process: 4 }), [{ process: 12, handles: 1 }]);
});

Deno.test("holdersIn() returns undefined if the system hides the addresses, and stays in the list", () => {
  const hidden = listOf([[0n, 8, 16n], [0n, 4, 16n]]);
  assertEquals(holdersIn(hidden, { handle: 16n, process: 8 }), undefined);
  const short = listOf([[0xa0n, 8, 16n], [0xa0n, 4, 16n]]);
  short.setBigUint64(0, 1000n, true);
  assertEquals(holdersIn(short, { handle: 16n, process: 8 }), [{ process: 4, handles: 1 }]);
});

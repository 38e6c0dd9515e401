/**
 * Tests values that Windows accepts as handles although they are not the handle's own value:
 * Windows ignores the two lowest bits, and knows pseudo-handles.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { Handle, isOwned } from "../../ffi/handle.ts";
import { closeHandleIn, openProcess, takeHandle } from "../../ffi/process_thread.ts";
import {
  CopyDataMessage,
  HANDLE_NOTICE,
  inheritHandles,
  MessageWindow,
  receiveHandle,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSemaphore,
  waitAll,
  waitAny,
} from "../../mod.ts";
import { encodeNotice } from "../../src/process/handle_transfer.ts";
import { openLibrary } from "../support/open_library.ts";
import { peerUrl } from "../support/peer_url.ts";

/** The pseudo-handles of the current process, its thread and its access token. */
const PSEUDO_HANDLES = [2n ** 64n - 1n, 2n ** 64n - 2n, 2n ** 64n - 4n, 2n ** 32n - 1n];
const REFUSED = "positive multiples of 4";

/** Returns other values, some of which Windows accepts for the handle, and the pseudo-handles. */
function aliasesOf(handle: bigint): bigint[] {
  return [handle + 1n, handle + 2n, handle + 3n, handle + 2n ** 32n, ...PSEUDO_HANDLES];
}

Deno.test("SetEvent() accepts the three values after the handle's own value", () => {
  using kernel32 = openLibrary("kernel32.dll", {
    SetEvent: { parameters: ["usize"], result: "i32" },
  });
  using event = SharedEvent.anonymous();
  for (const bits of [1n, 2n, 3n]) {
    assertEquals(kernel32.symbols.SetEvent(event.unsafeHandle + bits), 1);
  }
});

Deno.test("Functions that take over or duplicate a handle accept only its own value", () => {
  using event = SharedEvent.anonymous();
  using process = openProcess(Deno.pid);
  using same = Handle.duplicateOf(event.unsafeHandle, "event");
  const calls: ((value: bigint) => unknown)[] = [
    (value) => new Handle(value, "event"),
    (value) => Handle.duplicateOf(value, "event"),
    (value) => takeHandle(process, value, "event"),
    (value) => SharedEvent.fromHandle(value),
    (value) => SharedMemory.fromHandle(value),
    (value) => SharedMutex.fromHandle(value),
    (value) => SharedSemaphore.fromHandle(value),
  ];
  for (const alias of aliasesOf(event.unsafeHandle)) {
    for (const call of calls) assertThrows(() => call(alias), Deno.errors.BadResource, REFUSED);
    assertFalse(closeHandleIn(process, alias, same));
  }
  assert(isOwned(event.unsafeHandle + 1n) && isOwned(event.unsafeHandle + 3n));
  assertFalse(isOwned(event.unsafeHandle + 2n ** 32n));
});

Deno.test("waitAny() and waitAll() accept only a handle's own value", async () => {
  using event = SharedEvent.anonymous({ signalled: true, reset: "manual" });
  using handle = Handle.duplicateOf(event.unsafeHandle, "event");
  const { value } = handle;
  assertEquals(await waitAny([{ unsafeHandle: value }]), { index: 0 });
  for (const unsafeHandle of aliasesOf(value)) {
    for (const wait of [waitAny, waitAll]) {
      await assertRejects(() => wait([{ unsafeHandle }, event]), Deno.errors.BadResource);
    }
  }
});

Deno.test("receiveHandle() accepts only a handle's own value, by push and by pull", () => {
  using memory = SharedMemory.anonymous(4096);
  using window = MessageWindow.open({ procedure: () => undefined });
  for (const place of ["receiver", "sender"] as const) {
    for (const handle of aliasesOf(memory.unsafeHandle)) {
      const bytes = encodeNotice({
        ...{ place, handle, pid: Deno.pid, access: "readwrite", byteLength: 4096, tag: 0n },
      });
      const id = BigInt(HANDLE_NOTICE);
      const message = new CopyDataMessage({ id, bytes, sender: window.handle });
      assertThrows(() => receiveHandle(message), Deno.errors.BadResource, REFUSED);
    }
  }
});

Deno.test("SharedEvent.inherited() accepts only the handle's own value, in a Worker too", async () => {
  using event = SharedEvent.anonymous();
  using scope = inheritHandles({ right: event });
  const script = peerUrl("process/peers/take_inherited_events.ts").href;
  // The environment variable can have at most ten digits.
  const values = aliasesOf(scope.handles.right!).filter((value) => value < 10n ** 10n);
  const env = values.map((value, index) => [`WINIPC_INHERIT_a${index}`, `${value} event`]);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", "--allow-read", script, `${values.length}`],
    env: { ...scope.env, ...Object.fromEntries(env) },
  }).output();
  const expected = [...values.map(() => "BadResource"), "taken"];
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), { main: expected, worker: expected });
});

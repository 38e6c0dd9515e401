// Task: test:package
//
// Compares the handle notice and the inheritance variables in docs/wire_formats.md with those of the library.

import { assertEquals } from "@std/assert";
import {
  BroadcastRing,
  HANDLE_NOTICE,
  MessageWindow,
  RingChannel,
  sendHandle,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSemaphore,
  spawn,
} from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";
import { type Bytes, Notice, tableOf } from "./document.ts";

/** A notice as it comes to a window: its bytes, and the numbers beside them. */
interface Received {
  readonly bytes: Bytes;
  readonly id: bigint;
  readonly wParam: bigint;
}

/** A window of this thread that takes notices and closes the handles that they bring. */
function openNoticeWindow(): Disposable & { window: MessageWindow; received: Received[] } {
  const received: Received[] = [];
  const window = MessageWindow.open({
    procedure: ({ copyData, wParam }) => {
      if (copyData === undefined) return undefined;
      received.push({ bytes: copyData.bytes, id: copyData.id, wParam });
      return 1n;
    },
  });
  return { window, received, [Symbol.dispose]: () => window.close() };
}

Deno.test("wire_formats.md has the offsets of a handle notice", async () => {
  using target = openNoticeWindow();
  using from = MessageWindow.open({ procedure: () => undefined });
  using memory = SharedMemory.anonymous(20_000);
  const tag = 0x1234_5678_9abc_def0n;
  await sendHandle(target.window, memory, { tag, from });
  await sendHandle(target.window, memory, { tag: -1, from, form: "pull", access: "read" });
  const [push, pull] = target.received;
  assertEquals([push!.id, push!.wParam], [BigInt(HANDLE_NOTICE), from.handle]);
  assertEquals(push!.bytes.length, 40);
  const { handle, ...fields } = Notice.readAll(push!.bytes);
  assertEquals(Notice.constants, { magic: HANDLE_NOTICE, version: 1 });
  assertEquals(fields, {
    ...Notice.constants,
    place: 1,
    kind: 0,
    pid: Deno.pid,
    rights: 0x7,
    byte_length: 20_000n,
    tag,
  });
  // The handle was put into this process, which is the receiver's, too.
  const expected = { byteLength: 20_000, access: "readwrite" } as const;
  using taken = SharedMemory.fromHandle(handle as bigint, expected);
  assertEquals(taken.byteLength, 20_480);
  const { place, rights, tag: last } = Notice.readAll(pull!.bytes);
  assertEquals({ place, rights, last }, { place: 2, rights: 0x5, last: 2n ** 64n - 1n });
});

Deno.test("wire_formats.md has the kinds and the rights of a handle notice", async () => {
  using target = openNoticeWindow();
  using event = SharedEvent.create(randomName());
  using waited = SharedEvent.open(event.name!, { access: "wait" });
  using semaphore = SharedSemaphore.create(randomName(), { initial: 1 });
  using counted = SharedSemaphore.open(semaphore.name!, { access: "wait" });
  using mutex = SharedMutex.create(randomName());
  using memory = SharedMemory.anonymous(4096);
  await sendHandle(target.window, memory, { access: "read", form: "pull" });
  await sendHandle(target.window, memory, { access: "readwrite", form: "pull" });
  for (const object of [event, waited, semaphore, counted, mutex]) {
    await sendHandle(target.window, object, { form: "pull" });
  }
  const sent = target.received.map(({ bytes }) => {
    const { kind, rights } = Notice.readAll(bytes);
    return { kind, rights };
  });
  const documented = tableOf("table: notice-rights").map(({ kind, rights }) => {
    return { kind: Number(kind), rights: Number(rights) };
  });
  assertEquals(sent, documented);
});

Deno.test("wire_formats.md describes the variables that a child process inherits", async () => {
  using memory = SharedMemory.anonymous(4096);
  using event = SharedEvent.anonymous();
  using semaphore = SharedSemaphore.anonymous({ initial: 1 });
  using mutex = SharedMutex.anonymous();
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using broadcasts = BroadcastRing.anonymous({ capacity: 1024 });
  let handles: Readonly<Record<string, bigint>> = {};
  await using child = spawn("cmd", {
    args: (values) => {
      handles = values;
      return ["/c", "set WINIPC_INHERIT_"];
    },
    inherit: {
      section: memory,
      read: { memory, access: "read" },
      event,
      semaphore,
      mutex,
      ...channel.toInherit("ring"),
      ...broadcasts.toInherit("broadcast"),
    },
    stdout: "piped",
    killWithParent: true,
  });
  const { stdout } = await child.output();
  const lines = new TextDecoder().decode(stdout).trim().split(/\r?\n/);
  const found = Object.fromEntries(lines.map((line) => line.split("=")));
  const forms = Object.fromEntries(
    tableOf("table: inheritance").map(({ object, value }) => [object!, value!]),
  );
  const write = (key: string, object: string, byteLength?: number, access?: string) =>
    forms[object]!.replace("HANDLE", `${handles[key]}`).replace("BYTES", `${byteLength}`).replace(
      "ACCESS",
      `${access}`,
    );
  assertEquals(found, {
    WINIPC_INHERIT_section: write("section", "section", 4096, "readwrite"),
    WINIPC_INHERIT_read: write("read", "section", 4096, "read"),
    WINIPC_INHERIT_event: write("event", "event"),
    WINIPC_INHERIT_semaphore: write("semaphore", "semaphore"),
    WINIPC_INHERIT_mutex: write("mutex", "mutex"),
    WINIPC_INHERIT_ring: write("ring", "section", 2048 + 1024, "readwrite"),
    WINIPC_INHERIT_ring_data: write("ring_data", "event"),
    WINIPC_INHERIT_ring_space: write("ring_space", "event"),
    WINIPC_INHERIT_broadcast: write("broadcast", "section", 2048 + 1024, "readwrite"),
  });
});

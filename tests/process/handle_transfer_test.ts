import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { createEvent } from "../../ffi/kernel_object.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import {
  CopyDataListener,
  CopyDataMessage,
  findWindow,
  HANDLE_NOTICE,
  MessageWindow,
  receiveHandle,
  sendHandle,
  SharedMemory,
} from "../../mod.ts";
import { encodeNotice, type HandleNotice } from "../../src/process/handle_transfer.ts";
import { compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";

const FORMS = ["push", "pull"] as const;

/** Starts a peer that receives memory, and finds its window. */
async function openReceiver(...args: string[]) {
  const name = randomName();
  const peer = await Peer.start("process/peers/receive_memory.ts", name, ...args);
  const window = await findWindow({ class: name });
  return { peer, window, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

for (const form of FORMS) {
  Deno.test(`sendHandle() passes memory on to a running process by ${form}`, async () => {
    await using receiver = await openReceiver();
    using memory = SharedMemory.anonymous(10_000);
    using view = memory.map();
    view.bytes[0] = 41;
    assertEquals(await sendHandle(receiver.window, memory, { form, tag: 7 }), 42n);
    assertEquals(view.bytes[0], 42);
    assertEquals(await receiver.peer.nextLine(), "7 readwrite 12288 42");
    const options = { form, access: "read", tag: 2n ** 64n - 1n } as const;
    assertEquals(await sendHandle(receiver.window, memory, options), 42n);
    assertEquals(await receiver.peer.nextLine(), `${2n ** 64n - 1n} read 12288 42`);
  });

  Deno.test(`sendHandle() throws if the receiver refuses the handle or ends, by ${form}`, async () => {
    await using receiver = await openReceiver();
    using memory = SharedMemory.anonymous(4096);
    await assertRejects(
      () => sendHandle(receiver.window, memory, { form, tag: 13 }),
      Deno.errors.ConnectionRefused,
      `Process ${receiver.peer.pid} refused a handle`,
    );
    await assertRejects(
      () => sendHandle(receiver.window, memory, { form, tag: 14 }),
      Deno.errors.NotFound,
    );
    await assertRejects(() => sendHandle(receiver.window, memory, { form }), Deno.errors.NotFound);
  });
}

Deno.test("receiveHandle() accepts only the form in its options", async () => {
  await using receiver = await openReceiver("pull");
  using memory = SharedMemory.anonymous(4096);
  assertEquals(await sendHandle(receiver.window, memory, { form: "pull" }), 1n);
  assertEquals(await receiver.peer.nextLine(), "0 readwrite 4096 1");
  await assertRejects(() => sendHandle(receiver.window, memory), Deno.errors.ConnectionRefused);
  assertEquals(await receiver.peer.nextLine(), "refused PermissionDenied");
});

Deno.test("sendHandle() leaves no handle open if the receiver refuses it", async () => {
  using memory = SharedMemory.anonymous(4096);
  await using listener = await CopyDataListener.open({ answer: 0 });
  await assertLeavesNoHandle(100, async (i) => {
    const form = FORMS[i % 2]!;
    await assertRejects(
      () => sendHandle(listener, memory, { form }),
      Deno.errors.ConnectionRefused,
    );
    await listener.receive({ timeout: 0 }).catch(() => {});
  });
});

Deno.test("receiveHandle() refuses forged notices, and leaves this process's own handles open", () => {
  using memory = SharedMemory.anonymous(4096);
  using event = createEvent("a test");
  using window = MessageWindow.open({ procedure: () => undefined });
  using duplicate = memory.duplicateTo(Deno.pid);
  const honest: HandleNotice = {
    place: "receiver",
    pid: Deno.pid,
    access: "readwrite",
    handle: duplicate.value,
    byteLength: 4096,
    tag: 0n,
  };
  const message = (bytes: Uint8Array<ArrayBuffer>, id = BigInt(HANDLE_NOTICE)) =>
    new CopyDataMessage({ id, bytes, sender: window.handle });
  const forged: [Partial<HandleNotice>, new (message: string) => Error][] = [
    [{ handle: 0n }, Deno.errors.BadResource],
    [{ handle: 2n ** 64n - 1n }, Deno.errors.BadResource],
    [{ handle: 0x7fff_fffcn }, Deno.errors.BadResource],
    [{ handle: event.value }, Deno.errors.BadResource],
    [{ handle: memory.unsafeHandle }, Deno.errors.BadResource],
    [{ byteLength: 4097 }, Deno.errors.InvalidData],
    [{ byteLength: 0 }, Deno.errors.InvalidData],
    [{ byteLength: 2 ** 53 }, Deno.errors.InvalidData],
    [{ access: "read" }, Deno.errors.InvalidData],
    [{ pid: Deno.pid + 4 }, Deno.errors.InvalidData],
    [{ place: "sender", handle: 0x7fff_fffcn }, Deno.errors.BadResource],
    [{ place: "sender", handle: event.value }, Deno.errors.BadResource],
    [{ place: "sender", byteLength: 9000 }, Deno.errors.InvalidData],
  ];
  for (const [lie, error] of forged) {
    const what = JSON.stringify(lie, (_, value) => typeof value === "bigint" ? `${value}` : value);
    assertThrows(
      () => receiveHandle(message(encodeNotice({ ...honest, ...lie }))),
      error,
      "",
      what,
    );
  }
  const bytes = encodeNotice(honest);
  const garbled = [[0, 1], [4, 2], [6, 0], [6, 3], [12, 0], [12, 6]].map(([at, value]) => {
    const copy = bytes.slice();
    copy[at!] = value!;
    return message(copy);
  });
  for (const wrong of [...garbled, message(bytes.slice(1)), message(bytes, 1n)]) {
    assertThrows(() => receiveHandle(wrong), Deno.errors.InvalidData);
  }
  // A pull gets only the named access, although the sender's handle grants more.
  const pulled = receiveHandle(
    message(encodeNotice({ ...honest, place: "sender", access: "read" })),
  );
  assertEquals(pulled.memory.access, "read");
  pulled.memory.close();
  // The handles are still open, and the honest notice is accepted.
  assertFalse(memory.closed);
  assert(kernel32().SetEvent(event.value));
  const { memory: taken } = receiveHandle(message(bytes));
  assertEquals([taken.access, taken.byteLength], ["readwrite", 4096]);
  taken.close();
});

Deno.test("receiveHandle() survives notices with random bytes", () => {
  using window = MessageWindow.open({ procedure: () => undefined });
  using memory = SharedMemory.anonymous(4096);
  const honest = encodeNotice({
    place: "receiver",
    pid: Deno.pid,
    access: "readwrite",
    handle: memory.unsafeHandle,
    byteLength: 4096,
    tag: 1n,
  });
  for (let i = 0; i < 20_000; i++) {
    // This changes a few bytes of an honest notice, whose handle has an owner.
    const bytes = honest.slice(0, i % 50 === 0 ? i % 40 : 40);
    for (let changes = i % 5; changes > 0; changes--) {
      const at = Math.floor(Math.random() * bytes.length);
      // The low bytes of the handle stay the same. Another value could be a section's handle of
      // Windows or Deno in this process, and this test would close it.
      if (at !== 16 && at !== 17) bytes[at] = Math.floor(Math.random() * 256);
    }
    const message = new CopyDataMessage({
      id: BigInt(HANDLE_NOTICE),
      bytes,
      sender: window.handle,
    });
    let error: unknown;
    try {
      receiveHandle(message).memory.close();
    } catch (thrown) {
      error = thrown;
    }
    const refused = error instanceof Deno.errors.InvalidData ||
      error instanceof Deno.errors.BadResource || error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied;
    // The only acceptable notice is a pull of this process's own handle.
    assert(refused || (error === undefined && bytes[6] === 2), `${bytes}: ${error}`);
  }
  using view = memory.map();
  assertEquals(view.byteLength, 4096);
});

Deno.test("receiveHandle() returns memory that stays valid when the sender is killed", async () => {
  const taken: SharedMemory[] = [];
  await using listener = await CopyDataListener.open({
    onMessage: (message) => taken.push(receiveHandle(message).memory),
  });
  await using sender = await Peer.start("process/peers/send_memory.ts", `${listener.handle}`);
  assertEquals(await sender.ask("send"), "1");
  sender.kill();
  await sender.gone();
  using memory = taken[0]!;
  using view = memory.map();
  assertEquals([view.bytes[0], memory.access], [77, "readwrite"]);
});

peers.test("sendHandle() and receiveHandle() work with a C program that uses the documented notice", async (bits) => {
  await using program = await compileC(peerUrl("process/peers/handle_notice.c"), { bits });
  const name = randomName();
  await using peer = await Peer.startProgram(program.path, "receive", name);
  using memory = SharedMemory.anonymous(6000);
  using view = memory.map();
  view.bytes[0] = 8;
  assertEquals(await sendHandle(await findWindow({ class: name }), memory, { tag: 5 }), 1n);
  assertEquals(await peer.nextLine(), "5 6000 9");
  assertEquals(view.bytes[0], 9);

  await using receiver = await openReceiver();
  const { stdout } = await new Deno.Command(program.path, {
    args: ["send", receiver.window.class],
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "21 21");
  assertEquals(await receiver.peer.nextLine(), "99 readwrite 8192 21");
});

Deno.test("sendHandle() refuses invalid arguments", async () => {
  using memory = SharedMemory.anonymous(4096);
  await assertRejects(
    () => sendHandle(0x7ffc_fff0n, memory),
    Deno.errors.NotFound,
    "Cannot send a handle of memory to window 2147287024: there is no such window",
  );
  await using receiver = await openReceiver();
  const form = "shove" as "push";
  await assertRejects(() => sendHandle(receiver.window, memory, { form }), TypeError, "form");
  memory.close();
  await assertRejects(() => sendHandle(receiver.window, memory), Deno.errors.BadResource);
});

// Task: test:faults

import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { encodeWide } from "../../ffi/wide.ts";
import {
  BroadcastRing,
  inheritHandles,
  LatestFrame,
  LatestValue,
  listWindows,
  MessageWindow,
  RingChannel,
  sendCopyData,
  sendCopyDataSync,
  SharedEvent,
  SharedMemory,
  struct,
} from "../../mod.ts";
import { compileRingPeer } from "../support/compile_ring_peer.ts";
import { peers } from "../support/peers.ts";
import { type End, OwningWorker, SOON, soon, throws } from "./owning_worker.ts";
import { openLibrary } from "../support/open_library.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";

const PATIENT = { timeout: 20_000 };
const isGone = (open: () => Disposable) =>
  throws(Deno.errors.NotFound, () => open()[Symbol.dispose]());

for (const how of ["terminate", "close", "throw"] satisfies End[]) {
  for (const kind of ["web", "node"] as const) {
    // Node's Workers have no close(). In Deno 2.9, one that throws ends its parent's script.
    if (kind === "node" && how !== "terminate") continue;
    Deno.test(`The names of a Worker of the ${kind} kind are free after its end by ${how}`, async () => {
      const name = randomName();
      using worker = await OwningWorker.start("memory", name, kind);
      SharedMemory.open(name).close();
      worker.end(how);
      await soon("the name is free", () => isGone(() => SharedMemory.open(name)));
    });
  }
}

Deno.test("Names of rings, events and window classes are free after the end of their Worker", async () => {
  const cases: [string, (name: string) => boolean][] = [
    ["broadcast", (name) => isGone(() => BroadcastRing.open(name))],
    ["event", (name) => isGone(() => SharedEvent.open(name))],
    ["window", (name) => {
      const open = () => MessageWindow.open({ class: name, procedure: () => undefined });
      return !throws(Deno.errors.AlreadyExists, () => open().close());
    }],
  ];
  for (const [what, isFree] of cases) {
    const name = randomName();
    using worker = await OwningWorker.start(what, name);
    assert(!isFree(name), `${what} is taken`);
    worker.end();
    await soon(`${what} is free`, () => isFree(name));
  }
});

Deno.test("A Worker's listener is closed with the Worker, and its window and class are gone", async () => {
  for (const how of ["terminate", "close", "throw"] satisfies End[]) {
    const name = randomName();
    using worker = await OwningWorker.start("listener", name);
    const [window] = listWindows({ class: name });
    assertEquals(sendCopyDataSync(window!, "Hello", PATIENT), 1n);
    worker.end(how);
    await soon("the window is gone", () => listWindows({ class: name }).length === 0);
    assertThrows(() => sendCopyDataSync(window!, "Hello", PATIENT), Deno.errors.NotFound);
    await soon("its class is free", () => {
      const open = () => MessageWindow.open({ class: name, procedure: () => undefined });
      return !throws(Deno.errors.AlreadyExists, () => open().close());
    });
  }
});

Deno.test("sendCopyData() resolves with 0n when the asked Worker ends before it answers", async () => {
  const name = randomName();
  using worker = await OwningWorker.start("asked listener", name);
  const [window] = listWindows({ class: name });
  const asked = worker.says("asked");
  const answer = sendCopyData(window!, "Hello", { timeout: 50_000 });
  await asked;
  const began = performance.now();
  worker.end();
  assertEquals(await answer, 0n);
  assertLess(performance.now() - began, SOON.timeout);
});

for (const how of ["terminate", "close", "throw"] satisfies End[]) {
  Deno.test(`A sending Worker that ends by ${how} frees its place, and receive() throws ConnectionReset`, async () => {
    for (const producers of ["single", "multiple"] as const) {
      const name = randomName();
      using channel = RingChannel.create(name, { producers });
      using receiver = channel.receiver();
      using worker = await OwningWorker.start("sender", name);
      if (producers === "single") {
        assertThrows(() => channel.sender(), Deno.errors.Busy, "thread");
      }
      const received = assertRejects(() => receiver.receive(SOON), Deno.errors.ConnectionReset);
      worker.end(how);
      await received;
      channel.sender().close();
    }
  });

  Deno.test(`A receiving Worker that ends by ${how} frees its place, and send() throws BrokenPipe`, async () => {
    for (const what of ["receiver", "sleeping receiver"]) {
      const name = randomName();
      using channel = RingChannel.create(name, { capacity: 1024 });
      using sender = channel.sender();
      using worker = await OwningWorker.start(what, name);
      assertThrows(() => channel.receiver(), Deno.errors.Busy, "thread");
      worker.end(how);
      const message = new Uint8Array(100);
      const fill = async () => {
        for (;;) await sender.send(message, SOON);
      };
      await assertRejects(fill, Deno.errors.BrokenPipe);
      channel.receiver().close();
    }
  });
}

peers.test("TypeScript and C peers in other processes get an error when a Worker ends", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  const ERROR_NETNAME_DELETED = 64;
  for (const language of ["TypeScript", "C"]) {
    const name = randomName();
    using _channel = RingChannel.create(name);
    await using peer = language === "C"
      ? await Peer.startProgram(program.path, "receive", name, "0")
      : await Peer.start("channel/ring/peers/end.ts", "fate", name);
    using worker = await OwningWorker.start("sender", name);
    worker.end();
    const fate = language === "C" ? `0 messages, then ${ERROR_NETNAME_DELETED}` : "ConnectionReset";
    assertEquals(await peer.nextLine(), fate);
  }
  const ERROR_BROKEN_PIPE = 109;
  const name = randomName();
  using _channel = RingChannel.create(name, { capacity: 1024, maxMessageLength: 100 });
  using worker = await OwningWorker.start("receiver", name);
  await using peer = await Peer.startProgram(program.path, "send", name, "0");
  worker.end();
  const [, , , error] = (await peer.nextLine()).split(" ");
  assertEquals(Number(error), ERROR_BROKEN_PIPE);
});

Deno.test("The 64th sender's place of a channel is free again after each end of a Worker", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { producers: "multiple" });
  const others = Array.from({ length: 62 }, () => channel.sender());
  for (let round = 0; round < 4; round++) {
    using worker = await OwningWorker.start("sender", name);
    worker.end();
    await soon("a place is free", () => {
      let free: Disposable | undefined;
      const isFull = throws(Deno.errors.Busy, () => {
        using _one = channel.sender();
        free = channel.sender();
      });
      free?.[Symbol.dispose]();
      return !isFull;
    });
  }
  for (const other of others) other.close();
});

Deno.test("A message that an ended Worker had claimed does not block the next sender", async () => {
  for (const how of ["terminate", "close", "throw"] satisfies End[]) {
    const name = randomName();
    using channel = RingChannel.create(name, { producers: "multiple" });
    using receiver = channel.receiver();
    using sender = channel.sender();
    using worker = await OwningWorker.start("claim", name);
    assertThrows(() => sender.sendSync(new Uint8Array(1), { timeout: 10 }), Deno.errors.TimedOut);
    worker.end(how);
    sender.sendSync(Uint8Array.of(5), SOON);
    assertEquals(await receiver.receive(SOON), Uint8Array.of(5));
  }
});

Deno.test("The 64th reader's place of a latest value is free again after each end of a Worker", async () => {
  const Value = struct({ number: "u32" });
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Value);
  using _writer = writerValue.writer();
  using readerValue = LatestValue.open(name, Value);
  using reader = readerValue.reader();
  const waits = Array.from({ length: 63 }, () => reader.changes());
  const pending = waits.map((wait) => wait.next());
  for (let round = 0; round < 4; round++) {
    using worker = await OwningWorker.start("reader", name);
    worker.end();
    const wakeEvent = `${reader.name}.reader.63`;
    await soon("its place is free", () => isGone(() => SharedEvent.open(wakeEvent)));
  }
  reader.close();
  await Promise.all(pending);
});

Deno.test("The slot and the place of a Worker that holds a frame are free again after its end", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength: 8, slots: 2, maxReaders: 1 });
  using writer = frames.writer();
  const publish = () => {
    if (writer.claim() === undefined) return false;
    writer.publish();
    return true;
  };
  assert(publish());
  for (const how of ["terminate", "close"] satisfies End[]) {
    using worker = await OwningWorker.start("frame", name);
    assertEquals([publish(), publish()], [true, false]);
    assertThrows(() => frames.reader(), Deno.errors.Busy);
    worker.end(how);
    await soon("its slot is free", publish);
    frames.reader().close();
  }
});

Deno.test("A child gets a broken pipe when the Worker that holds the pipe's other end ends", async () => {
  const name = randomName();
  using broken = SharedEvent.create(name);
  using worker = await OwningWorker.start("child's pipes", name);
  await assertRejects(() => broken.wait({ timeout: 100 }), Deno.errors.TimedOut);
  worker.end();
  await broken.wait(PATIENT);
});

Deno.test("Inherited handles stay open for the whole process when Workers that took them over end", async () => {
  using kernel32 = openLibrary("kernel32.dll", {
    GetHandleInformation: { parameters: ["usize", "buffer"], result: "i32" },
    SetEnvironmentVariableW: { parameters: ["buffer", "buffer"], result: "i32" },
  });
  const { GetHandleInformation, SetEnvironmentVariableW } = kernel32.symbols;
  using memory = SharedMemory.anonymous(4096);
  using event = SharedEvent.anonymous();
  using scope = inheritHandles({ owned_memory: memory, owned_event: event });
  for (const [key, value] of Object.entries(scope.env)) {
    assert(SetEnvironmentVariableW(encodeWide(key), encodeWide(value)));
  }
  for (let round = 0; round < 2; round++) {
    const name = randomName();
    using worker = await OwningWorker.start("inherited", name);
    worker.end();
    await soon("the name is free", () => isGone(() => SharedMemory.open(name)));
    for (const handle of Object.values(scope.handles)) {
      assert(GetHandleInformation(handle, new Uint32Array(1)), `round ${round}`);
    }
  }
});

Deno.test("A view stays mapped if its Worker transferred the buffer before the end", async () => {
  const name = randomName();
  using memory = SharedMemory.create(name, 4096);
  const code = `
    import { SharedMemory } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    const view = SharedMemory.open(${JSON.stringify(name)}, { access: "readwrite" }).map();
    const { buffer } = view;
    postMessage(buffer, [buffer]);
    close();
  `;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  const buffer = await new Promise<ArrayBuffer>((resolve) =>
    worker.onmessage = ({ data }) => resolve(data)
  );
  using view = memory.map();
  view.bytes[0] = 1;
  // Checks for longer than the reaper needs to close the objects of a Worker.
  const end = performance.now() + 1000;
  while (performance.now() < end) {
    assertEquals(new Uint8Array(buffer)[0], view.bytes[0]);
    view.bytes[0]!++;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  worker.terminate();
});

Deno.test("The end of a Worker closes no object that another thread opened", async () => {
  for (let round = 0; round < 2; round++) {
    const url = peerUrl("workers/peers/open_and_close.ts");
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    worker.terminate();
    const events: SharedEvent[] = [];
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      for (let count = 0; count < 20; count++) events.push(SharedEvent.anonymous());
      for (const event of events) event.set();
      for (const event of events.splice(0, events.length - 40)) event.close();
      await new Promise((resolve) => setTimeout(resolve));
    }
    // set() throws if the handle of an event was closed.
    for (const event of events) {
      event.set();
      event.close();
    }
  }
});

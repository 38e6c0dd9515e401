// Task: test:package

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { serialize } from "node:v8";
import { Uncloneable } from "../../ffi/handle.ts";
import {
  BroadcastRing,
  buildSharedSection,
  connectPipe,
  CopyDataListener,
  inheritHandles,
  LatestFrame,
  LatestValue,
  listenPipe,
  Mailslot,
  MessageWindow,
  openMailslot,
  ProcessWatch,
  RingChannel,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSection,
  SharedSemaphore,
  spawn,
  struct,
} from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import * as winipc from "../../mod.ts";

/** Classes whose objects are data, or an error; a claim lasts too short to be cloned. */
const CLONEABLE = ["CopyDataMessage", "MessageSender", "RingClaim", "Win32Error"];

Deno.test("Each class whose objects own handles makes its objects uncloneable", () => {
  const cloneable = Object.entries(winipc).filter(([, value]) =>
    /^(abstract )?class\b/.test(String(value)) &&
    !Object.prototype.isPrototypeOf.call(Uncloneable, value)
  );
  assertEquals(cloneable.map(([name]) => name).sort(), CLONEABLE);
});

Deno.test("An uncloneable object looks like any other object to inspection, JSON and instanceof", () => {
  class Base extends Uncloneable {
    readonly name = "x";
    readonly #secret = 5;
    get secret() {
      return this.#secret;
    }
  }
  class Derived extends Base {}
  const object = new Derived();
  assertEquals(object.secret, 5);
  assert(object instanceof Derived && object instanceof Base);
  assertEquals(Deno.inspect(object), 'Derived { name: "x" }');
  assertEquals(JSON.stringify(object), '{"name":"x"}');
  assertEquals([Object.keys(object), String(object)], [["name"], "[object Object]"]);
  assertEquals(["deref" in object, Reflect.get(object, Symbol.toStringTag)], [false, undefined]);
});

if (Deno.build.os === "windows") {
  Deno.test("Memory, events, channels and other owners of handles cannot be cloned, at any depth", async () => {
    const path = Deno.makeTempFileSync({ suffix: ".dll" });
    try {
      const variables = { a: "i32" } as const;
      Deno.writeFileSync(path, buildSharedSection({ section: ".SHARE", variables }));
      await assertNoneIsCloned(path, variables);
    } finally {
      Deno.removeSync(path);
    }
  });
}

async function assertNoneIsCloned(path: string, exports: { a: "i32" }): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const memory = stack.use(SharedMemory.anonymous(4096));
  const section = stack.use(SharedSection.load(path, { exports }));
  const mutex = stack.use(SharedMutex.anonymous());
  const channel = stack.use(RingChannel.anonymous());
  const sender = stack.use(channel.sender());
  const receiver = stack.use(channel.receiver());
  const broadcast = stack.use(BroadcastRing.create(randomName()));
  const mailslot = stack.use(Mailslot.create(randomName()));
  const name = randomName();
  const listener = stack.use(listenPipe({ name: randomName() }));
  const value = stack.use(LatestValue.create(name, struct({ a: "u32" })));
  const frames = stack.use(LatestFrame.create(`${name}-frame`, { byteLength: 8 }));
  const frameWriter = frames.writer();
  frameWriter.claim();
  frameWriter.publish();
  const frameReader = frames.reader();
  const child = stack.use(spawn("cmd.exe", { args: ["/c", "exit"] }));
  const objects = [
    memory,
    stack.use(memory.map()),
    stack.use(memory.duplicateTo(Deno.pid)),
    section,
    section.variables,
    mutex,
    stack.use(await mutex.lock()),
    stack.use(SharedEvent.anonymous()),
    stack.use(SharedSemaphore.anonymous({ initial: 1 })),
    stack.use(ProcessWatch.open(Deno.pid)),
    channel,
    sender,
    receiver,
    broadcast,
    stack.use(broadcast.sender()),
    stack.use(broadcast.receiver()),
    value,
    value.writer(),
    value.reader(),
    frames,
    frameWriter,
    frameReader,
    frameReader.acquire()!,
    listener,
    stack.use(await connectPipe(listener.path)),
    mailslot,
    stack.use(openMailslot(mailslot.path)),
    stack.use(inheritHandles({ memory })),
    stack.use(await CopyDataListener.open()),
    stack.use(MessageWindow.open({ procedure: () => undefined })),
    child,
  ];
  const port = new MessageChannel();
  stack.defer(() => port.port1.close());
  for (const object of objects) {
    for (const holder of [object, { deep: [new Map([[1, object]])] }]) {
      assertThrows(() => structuredClone(holder), DOMException, "could not be cloned");
      assertThrows(() => port.port1.postMessage(holder), DOMException, "could not be cloned");
      assertThrows(() => serialize(holder), Error, "could not be cloned");
      const error = await assertRejects(() => sender.sendValue(holder), DOMException);
      assertEquals(error.name, "DataCloneError");
    }
    assertMatch(Deno.inspect(object), object === section.variables ? /^{ a: 0 }$/ : /^[A-Z]\w+ {/);
  }
  await child.status;
}

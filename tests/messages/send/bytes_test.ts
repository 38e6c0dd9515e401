import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { decodeText, encodeText, SharedMemory } from "../../../mod.ts";
import {
  CopyDataListener,
  MessageWindow,
  sendCopyData,
  sendCopyDataSync,
} from "../../../src/messages/mod.ts";
import * as messages from "../../../src/messages/mod.ts";
import { byteSources, emptySources, lostSources, notBytes } from "../../support/byte_sources.ts";
import { runPeer } from "../../support/run_peer.ts";
import { SLOWNESS } from "../../support/slowness.ts";

/** Opens a window of this thread. It calls `before` and then keeps the data of each message. */
function openOwn(before: () => void = () => {}) {
  const received: Uint8Array[] = [];
  const window = MessageWindow.open({
    procedure: ({ copyData }) => {
      if (copyData === undefined) return undefined;
      before();
      received.push(copyData.bytes);
      return 1n;
    },
  });
  return { window, received, [Symbol.dispose]: () => window.close() };
}

Deno.test("sendCopyData() and sendCopyDataSync() send all bytes of every source", async () => {
  using own = openOwn();
  for (const { name, source, bytes } of byteSources()) {
    sendCopyDataSync(own.window, source);
    await sendCopyData(own.window, source);
    assertEquals(own.received.splice(0), [new Uint8Array(bytes), new Uint8Array(bytes)], name);
  }
  for (const source of emptySources()) {
    sendCopyDataSync(own.window, source);
    assertEquals(own.received.splice(0), [new Uint8Array()]);
  }
  for (const { value, got } of [...notBytes(), ...lostSources()]) {
    if (typeof value === "string") continue;
    // @ts-expect-error: the call must also fail at run time
    assertThrows(() => sendCopyDataSync(own.window, value), TypeError, got);
    // @ts-expect-error: the call must also fail at run time
    await assertRejects(() => sendCopyData(own.window, value), TypeError, got);
  }
  assertEquals(own.received, []);
});

Deno.test("sendCopyData() sends the bytes that each source has at the call", async () => {
  await using listener = await CopyDataListener.open();
  const soon = { timeout: 60_000 * SLOWNESS };
  for (const { name, source, bytes } of byteSources().filter((_, index) => index % 5 === 0)) {
    const sent = sendCopyData(listener, source, soon);
    (ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source)).fill(0);
    const [message] = await Promise.all([listener.receive(soon), sent]);
    assertEquals(message?.bytes, new Uint8Array(bytes), name);
  }
});

/** Ways to spoil the sender's bytes: each makes bytes, and a function that spoils them. */
const SPOILERS: Record<string, () => { bytes: Uint8Array; spoil(): void }> = {
  "transfers them": () => {
    const bytes = new Uint8Array(100_000).fill(5);
    return { bytes, spoil: () => bytes.buffer.transfer(0) };
  },
  "resizes them": () => {
    const buffer = new ArrayBuffer(100_000, { maxByteLength: 100_000 });
    const bytes = new Uint8Array(buffer).fill(5);
    return { bytes, spoil: () => buffer.resize(0) };
  },
  "writes over them": () => {
    const bytes = new Uint8Array(100_000).fill(5);
    return { bytes, spoil: () => bytes.fill(9) };
  },
  "closes their view": () => {
    using memory = SharedMemory.anonymous(100_000);
    const view = memory.map();
    return { bytes: view.bytes.fill(5), spoil: () => view.close() };
  },
};

for (const [how, make] of Object.entries(SPOILERS)) {
  Deno.test(`sendCopyData() sends the original bytes to a procedure that first ${how}`, async () => {
    let spoil = () => {};
    using own = openOwn(() => spoil());
    for (const send of [sendCopyDataSync, sendCopyData]) {
      const made = make();
      spoil = made.spoil;
      assertEquals(await send(own.window, made.bytes), 1n);
      const [received] = own.received.splice(0);
      assertEquals([received!.length, received!.every((byte) => byte === 5)], [100_000, true]);
    }
  });
}

Deno.test("sendCopyData() does not pass the address of the script's own bytes to Windows", async () => {
  // Wine copies the bytes before the procedure runs, so the tests above cannot fail there.
  const { of } = Deno.UnsafePointer;
  const addressed = new Set<unknown>();
  using own = openOwn();
  Deno.UnsafePointer.of = (value) => {
    addressed.add(ArrayBuffer.isView(value) ? value.buffer : value);
    return of(value);
  };
  try {
    for (const send of [sendCopyDataSync, sendCopyData]) {
      const bytes = new Uint8Array(1000).fill(5);
      await send(own.window, bytes);
      await send(own.window, bytes.buffer);
      assertEquals(addressed.has(bytes.buffer), false, send.name);
    }
  } finally {
    Deno.UnsafePointer.of = of;
  }
  assert(addressed.size > 0);
  assertEquals(own.received.length, 4);
});

Deno.test("decodeText() decodes every source of bytes, and throws TypeError for another value", () => {
  const text = "Grüße, 世界";
  for (const encoding of ["utf-16le", "utf-8"] as const) {
    const bytes = encodeText(text, encoding);
    const even = new Uint8Array(bytes.length + 9);
    even.set(bytes, 1);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const sources = [bytes, bytes.buffer, new DataView(even.buffer, 1, bytes.length), shared];
    for (const source of sources) assertEquals(decodeText(source, encoding), text);
  }
  const halves = new Uint16Array([0x41, 0x42]);
  assertEquals([decodeText(halves), decodeText(halves, { codePage: 1252 })], ["AB", "A"]);
  for (const { value, got } of [...notBytes(), ...lostSources()]) {
    for (const encoding of ["utf-16le", "utf-8", "ansi"] as const) {
      // @ts-expect-error: the call must also fail at run time
      assertThrows(() => decodeText(value, encoding), TypeError, got);
    }
  }
});

Deno.test("The module exports no function that reads a message at an address", () => {
  assertEquals(Object.getOwnPropertyNames(messages.ReceivedCopyData).includes("during"), false);
  assertEquals(Object.keys(messages).filter((name) => /during/i.test(name)), []);
});

Deno.test("MessageWindow.pump(), postMessage() and sendMessage() use no address that a script passes", async () => {
  const lines = await runPeer("messages/peers/post_addresses.ts");
  assert(lines.includes("74 refused"), lines.join());
  assertEquals(lines.filter((line) => /taken|failed/.test(line)), []);
  assertEquals(lines.at(-1), "survived");
});

Deno.test("sendCopyDataSync() in a procedure does not write over the bytes of the send under way", () => {
  // Wine copies the bytes before the procedure runs, so the bytes that arrive would not show this.
  const { of } = Deno.UnsafePointer;
  const memories: unknown[] = [];
  let depth = 0;
  using own = openOwn(() => {
    if (depth++ === 1) sendCopyDataSync(own.window, new Uint8Array(1000));
  });
  sendCopyDataSync(own.window, new Uint8Array(1000));
  Deno.UnsafePointer.of = (value) => {
    if (value instanceof Uint8Array && value.length === 1000) memories.push(value.buffer);
    return of(value);
  };
  try {
    sendCopyDataSync(own.window, new Uint8Array(1000));
  } finally {
    Deno.UnsafePointer.of = of;
  }
  assertEquals([memories.length, new Set(memories).size], [2, 2]);
});

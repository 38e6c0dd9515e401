import { assertEquals, assertThrows } from "@std/assert";
import { eventNameOf, WAKE_BITS_OFFSET } from "../../../src/channel/broadcast/layout.ts";
import { MACHINE } from "../../../src/channel/peer/windows.ts";
import {
  MAX_WAITING,
  WAKE_WORDS,
  type WakeEvent,
  WakeEvents,
} from "../../../src/channel/peer/wake.ts";
import { partsOf } from "../../../src/channel/latest/layout.ts";
import { BroadcastRing, LatestValue } from "../../../src/channel/mod.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { struct } from "../../../src/struct/mod.ts";
import { openLibrary } from "../../support/open_library.ts";
import { randomName } from "../../support/random_name.ts";

/** Returns whether a wake event was set, and resets it. */
function isWoken({ event }: WakeEvent): boolean {
  return MACHINE.waitMultiple(BigUint64Array.of(event.unsafeHandle), 0) === 0;
}

/** Takes two wake events, and raises the wake flag of the first one. */
function takeTwo(wakeEvents: WakeEvents): [WakeEvent, WakeEvent] {
  const [asleep, other] = [wakeEvents.take(), wakeEvents.take()];
  asleep.raise();
  return [asleep, other];
}

Deno.test("LatestValue.writer() wakes all readers with a wake event, and write() only sleeping readers", () => {
  const name = randomName();
  const layout = struct({ number: "u32" });
  using firstValue = LatestValue.openOrCreate(name, layout);
  using first = firstValue.writer();
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  const { wakeEvents } = partsOf(view.buffer, { name: memory.name!, length: 1 });
  const [asleep, other] = takeTwo(wakeEvents);
  first.write({ number: 1 });
  assertEquals([isWoken(asleep), isWoken(other)], [true, false]);
  first.close();
  // The wake flag is lowered now, as after a writer that was killed before it set the event.
  using nextValue = LatestValue.openOrCreate(name, layout);
  using _next = nextValue.writer();
  assertEquals([isWoken(asleep), isWoken(other)], [true, true]);
  asleep.close();
  other.close();
});

Deno.test("BroadcastRing.sender() wakes all receivers with a wake event, and flush() only sleeping receivers", () => {
  const name = randomName();
  using ring = BroadcastRing.create(name);
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  const words = new Int32Array(view.buffer, WAKE_BITS_OFFSET, WAKE_WORDS);
  const [asleep, other] = takeTwo(new WakeEvents(words, eventNameOf(view.buffer)));
  const first = ring.sender();
  assertEquals([isWoken(asleep), isWoken(other)], [true, true]);
  first.send(Uint8Array.of(1));
  first.flush();
  assertEquals([isWoken(asleep), isWoken(other)], [true, false]);
  first.close();
  using _next = ring.sender();
  assertEquals([isWoken(asleep), isWoken(other)], [true, true]);
  asleep.close();
  other.close();
});

Deno.test("WakeEvents.take() can take a wake event whose handle was closed, though its bits are still set", () => {
  using kernel32 = openLibrary("kernel32.dll", {
    CloseHandle: { parameters: ["usize"], result: "i32" },
  });
  const wakeEvents = new WakeEvents(new Int32Array(WAKE_WORDS), `Local\\${randomName()}`);
  for (let round = 0; round < 3; round++) {
    const taken = Array.from({ length: MAX_WAITING }, () => wakeEvents.take());
    for (const wakeEvent of taken) wakeEvent.raise();
    assertThrows(() => wakeEvents.take(), Deno.errors.Busy);
    for (const { event } of taken) kernel32.symbols.CloseHandle(event.unsafeHandle);
    assertEquals(wakeEvents.wakeAll(), 0);
    wakeEvents.wakeEveryone();
  }
});

Deno.test("WakeEvents.wakeAll() keeps the bits of readers whose events it could not set", () => {
  const words = new Int32Array(WAKE_WORDS);
  // No event can have such a name.
  const wakeEvents = new WakeEvents(words, "x".repeat(300));
  words.set([0b1010, 1]);
  assertThrows(() => wakeEvents.wakeAll(), RangeError);
  assertEquals([...words.subarray(0, 2)], [0b1010, 1]);
});

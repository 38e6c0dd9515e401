import { assertEquals, assertThrows } from "@std/assert";
import { eventNameOf, SEATS_OFFSET } from "../../src/channel/broadcast/layout.ts";
import { type Seat, SEAT_WORDS, SEATS, Seats } from "../../src/channel/peer/wake_events.ts";
import { partsOf } from "../../src/channel/latest/layout.ts";
import { BroadcastRing, LatestValue } from "../../src/channel/mod.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { struct } from "../../src/struct/mod.ts";
import { openLibrary } from "../open_library.ts";
import { randomName } from "../random_name.ts";

/** Whether the event of a seat was set, which is taken back. */
function isWoken({ event }: Seat): boolean {
  try {
    event.waitSync({ timeout: 0 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return false;
    throw error;
  }
}

/** Takes two seats, and announces sleep at the first one. */
function takeTwo(seats: Seats): [Seat, Seat] {
  const [asleep, other] = [seats.take(), seats.take()];
  asleep.announce();
  return [asleep, other];
}

Deno.test("LatestValue.create() wakes every reader that has a seat, and publish() those that sleep", () => {
  const name = randomName();
  const layout = struct({ number: "u32" });
  using first = LatestValue.create(name, layout);
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  const { seats } = partsOf(view.buffer, memory.name!, 1);
  const [asleep, other] = takeTwo(seats);
  first.write({ number: 1 });
  assertEquals([isWoken(asleep), isWoken(other)], [true, false]);
  first.close();
  // The bit was taken: a writer that was killed may have come as far as that.
  using _next = LatestValue.create(name, layout);
  assertEquals([isWoken(asleep), isWoken(other)], [true, true]);
  asleep.close();
  other.close();
});

Deno.test("BroadcastRing.sender() wakes every receiver that has a seat, and send() those that sleep", () => {
  const name = randomName();
  using ring = BroadcastRing.create(name);
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  const words = new Int32Array(view.buffer, SEATS_OFFSET, SEAT_WORDS);
  const [asleep, other] = takeTwo(new Seats(words, eventNameOf(view.buffer)));
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

Deno.test("A seat is free as soon as its event's handle is closed, and its bits are in nobody's way", () => {
  using kernel32 = openLibrary("kernel32.dll", {
    CloseHandle: { parameters: ["usize"], result: "i32" },
  });
  const seats = new Seats(new Int32Array(SEAT_WORDS), `Local\\${randomName()}`);
  for (let round = 0; round < 3; round++) {
    const taken = Array.from({ length: SEATS }, () => seats.take());
    for (const seat of taken) seat.announce();
    assertThrows(() => seats.take(), Deno.errors.Busy);
    for (const { event } of taken) kernel32.symbols.CloseHandle(event.unsafeHandle);
    assertEquals(seats.wakeAll(), 0);
    seats.wakeEverySeat();
  }
});

Deno.test("Bits of readers stay where an event could not be set", () => {
  const words = new Int32Array(SEAT_WORDS);
  // No event can have such a name.
  const seats = new Seats(words, "x".repeat(300));
  words.set([0b1010, 1]);
  assertThrows(() => seats.wakeAll(), RangeError);
  assertEquals([...words.subarray(0, 2)], [0b1010, 1]);
});

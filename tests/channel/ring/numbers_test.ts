import { assert, assertEquals } from "@std/assert";
import {
  HEADER_LENGTH,
  longestMessage,
  type RingSettings,
  writeHeader,
} from "../../../src/channel/ring/layout.ts";
import { RingReader } from "../../../src/channel/ring/reader.ts";
import { RingWriter } from "../../../src/channel/ring/writer.ts";
import { Random } from "../../support/random.ts";
import { advance, readAll, write } from "./bare_ends.ts";

const capacity = 1024;
const settings: RingSettings = {
  capacity,
  maxMessageLength: longestMessage(capacity),
  whenFull: "wait",
  producers: "single",
  endsWithLastSender: true,
};

/** Each message begins with its number. */
function messageOf(number: number, random: Random): Uint8Array {
  const message = new Uint8Array(4 + random.below(120));
  new DataView(message.buffer).setUint32(0, number, true);
  return message;
}

function numberAt({ ring }: RingReader, offset: number): number {
  return new DataView(ring.buffer, ring.byteOffset + offset).getUint32(0, true);
}

/** Returns the first message that the next receiver gets if this one is killed now; -1 for none. */
function firstOfNext(buffer: ArrayBuffer): number {
  const next = new RingReader(buffer.slice(), settings);
  const offset = next.peek();
  if (offset < 0) return -1;
  const number = numberAt(next, offset);
  assertEquals(next.keep(), number, "the number of the first message");
  return number;
}

Deno.test("Whenever a receiver is killed, the next one gets the first message that was not read or released, by its number", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const buffer = new ArrayBuffer(HEADER_LENGTH + capacity);
    writeHeader(buffer, settings);
    const random = new Random(seed);
    const writer = new RingWriter(buffer, settings);
    let reader = new RingReader(buffer, settings);
    let [sent, taken] = [0, 0];
    const check = (ring: Uint8Array, offset: number) => {
      assertEquals(new DataView(ring.buffer, ring.byteOffset + offset).getUint32(0, true), taken);
      // The visited message is not read yet.
      assertEquals(firstOfNext(buffer), taken);
      if (random.below(3) === 0) reader.publish();
      if (random.below(8) === 0 && reader.next() >= 0) {
        assertEquals(numberAt(reader, reader.next()), taken);
        advance(reader);
      }
      taken++;
    };
    const steps = [
      () => {
        if (write(writer, messageOf(sent, random))) sent++;
      },
      () => {
        if (write(writer, messageOf(sent, random), { publishes: true })) sent++;
      },
      () => void writer.publish(),
      () => void readAll(reader, check),
      () => {
        const offset = reader.next();
        if (offset < 0) return;
        assertEquals(numberAt(reader, offset), taken++);
        advance(reader);
      },
      () => void reader.publish(),
      () => {
        const first = taken;
        for (let offset; (offset = reader.peek()) >= 0;) {
          assertEquals(numberAt(reader, offset), first + reader.peeks);
          assertEquals(reader.keep(), first + reader.peeks - 1);
        }
        const count = random.below(reader.peeks + 1);
        reader.release(count);
        taken += count;
        // The others are peeked at again by the next receiver.
        if (reader.peeks > 0) reader = new RingReader(buffer, settings);
      },
      () => {
        reader = new RingReader(buffer, settings);
      },
    ];
    for (let step = 0; step < 3000; step++) {
      steps[random.below(steps.length)]!();
      const first = firstOfNext(buffer);
      assert(first === -1 || first === taken, `seed ${seed}, step ${step}: ${first}, not ${taken}`);
    }
    assert(taken > 500);
  }
});

import { assert, assertEquals } from "@std/assert";
import { RingChannel, type RingReceiver, type RingSender } from "../../../mod.ts";
import { soon } from "../../support/soon.ts";

const MAX_LENGTH = 130;
/** Longer than the messages for which a receiver makes an array in advance. */
const LONG = 1500;

/** Returns bytes that differ from those of other numbers, at an offset in a larger buffer. */
function messageOf(number: number, length: number): Uint8Array<ArrayBuffer> {
  const start = number % 8;
  const bytes = new Uint8Array(start + length + 3).fill(0xee);
  const message = bytes.subarray(start, start + length);
  message.forEach((_, index) => message[index] = number * 31 + index * 7);
  return message;
}

const sends: ((sender: RingSender, message: Uint8Array) => boolean | Promise<boolean>)[] = [
  (sender, message) => sender.sendSync(message, soon),
  (sender, message) => sender.send(message, soon),
  (sender, message) => {
    const isSent = sender.trySend(message);
    sender.flush();
    return isSent;
  },
];
type Received = Uint8Array<ArrayBuffer> | undefined;
const receives: ((receiver: RingReceiver) => Received | Promise<Received>)[] = [
  (receiver) => receiver.tryReceive(),
  (receiver) => receiver.receiveSync(soon),
  (receiver) => receiver.receive(soon),
];

for (const producers of ["single", "multiple"] as const) {
  Deno.test(`A receiver that waits between messages gets each one in an ArrayBuffer of its own: ${producers} producers`, async () => {
    // The ring is so small that messages of all lengths come to its end.
    using channel = RingChannel.anonymous({ capacity: 4096, producers });
    using sender = channel.sender();
    using receiver = channel.receiver();
    const received: Uint8Array<ArrayBuffer>[] = [];
    const expected: Uint8Array<ArrayBuffer>[] = [];
    const pass = async (length: number) => {
      const number = expected.length;
      const message = messageOf(number, length);
      expected.push(message);
      assert(await sends[number % 3]!(sender, message));
      received.push((await receives[Math.floor(number / 3) % 3]!(receiver))!);
      // The receiver now makes an array for a message of the same length.
      assertEquals(receiver.tryReceive(), undefined);
    };
    for (let length = 0; length <= MAX_LENGTH; length++) {
      // The next message is as long as the last one, shorter, or longer.
      for (const next of [length, length, length, MAX_LENGTH - length]) await pass(next);
    }
    for (const length of [LONG, LONG, 0, 0, 1, LONG, 1]) await pass(length);
    // All are compared at the end: no later message may have changed an earlier one.
    assertEquals(received, expected.map((message) => new Uint8Array(message)));
    assertEquals(new Set(received.map(({ buffer }) => buffer)).size, received.length);
    for (const { buffer, byteOffset, length } of received) {
      assertEquals([byteOffset, buffer.byteLength], [0, length]);
    }
  });
}

Deno.test("RingReceiver.read() passes the bytes of each message in the ring, of any length", () => {
  using channel = RingChannel.anonymous({ capacity: 4096 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  const { ring } = receiver;
  let count = 0;
  for (let number = 0; number <= 2 * MAX_LENGTH; number++) {
    const message = messageOf(number, number >> 1);
    sender.sendSync(message);
    count += receiver.read((bytes) => {
      assertEquals(bytes, new Uint8Array(message));
      assertEquals(bytes.buffer, ring.buffer);
      const offset = bytes.byteOffset - ring.byteOffset;
      assert(offset >= 0 && offset + bytes.length <= ring.length);
    });
  }
  assertEquals(count, 2 * MAX_LENGTH + 1);
});

/**
 * An end of a channel that its parent kills: `short_lived_end.ts NAME`. It reads a line
 * `ROLE WAY ID`: the end, its way of work and the number of a sender. It continues where the last
 * end stopped: see notes.ts.
 *
 * @module
 */

import { RingChannel, type RingReceiver, type RingSender } from "../../../../src/channel/mod.ts";
import { soon } from "../../../support/soon.ts";
import { NOTE, Notes } from "../notes.ts";
import { NumberedMessages, readNumbered } from "../numbered_messages.ts";

const [name] = Deno.args as [string];
using notes = Notes.open(name);
using channel = RingChannel.open(name);
const { words } = notes;
const { maxMessageLength } = channel.settings;

console.log("ready");
const line = new Uint8Array(100);
const length = await Deno.stdin.read(line) ?? 0;
const [role, way, id] = new TextDecoder().decode(line.subarray(0, length)).trim().split(" ");
if (role === "send") {
  const sender = channel.sender();
  console.log("there");
  await send(sender);
} else {
  const receiver = channel.receiver();
  console.log("there");
  await (role === "peek" ? peek(receiver) : receive(receiver));
}

async function send(sender: RingSender): Promise<void> {
  const messages = new NumberedMessages(Number(id), maxMessageLength);
  for (let number = words[NOTE.next]!;; number++) {
    const message = messages.at(number);
    if (way === "sync") sender.sendSync(message, soon);
    else if (way === "async") await sender.send(message, soon);
    else if (way === "batch") {
      while (!sender.trySend(message)) sender.waitForRoomSync(message.length, soon);
    } else claimAndCommit(sender, message);
    Atomics.store(words, NOTE.next, number + 1);
  }
}

function claimAndCommit(sender: RingSender, message: Uint8Array): void {
  let claim = sender.claim(message.length);
  for (; claim === undefined; claim = sender.claim(message.length)) {
    sender.waitForRoomSync(message.length, soon);
  }
  claim.bytes.set(message.subarray(0, message.length / 2));
  // The pause makes it likely that the process is killed here.
  for (let pause = 0; pause < 5000; pause++) Atomics.pause();
  claim.bytes.set(message);
  claim.commit();
}

async function receive(receiver: RingReceiver): Promise<void> {
  let next = words[NOTE.next]!;
  // The last receiver may have been killed between reading a message and noting it.
  let mayBeOneMore = true;
  const check = (message: Uint8Array) => {
    const number = numberOf(message);
    if (mayBeOneMore && number === next + 1) next++;
    mayBeOneMore = false;
    if (number !== next++) Atomics.add(words, NOTE.mistakes, 1);
  };
  const note = () => Atomics.store(words, NOTE.next, next);
  for (;;) {
    if (way === "take") check(receiver.receiveSync(soon)!);
    else if (way === "take-async") check((await receiver.receive(soon))!);
    else {
      if (way === "read") receiver.waitForMessageSync(soon);
      else await receiver.waitForMessage(soon);
      receiver.read((message) => {
        // The reader has moved past the message before this one.
        note();
        check(message);
      });
    }
    note();
  }
}

/** Peeks at messages, notes them, and releases some of them from time to time. */
async function peek(receiver: RingReceiver): Promise<void> {
  for (let expected: number | undefined;;) {
    const peeked = way === "async" ? await receiver.peek(soon) : receiver.peekSync(soon);
    const { message, number } = peeked!;
    const next = words[NOTE.next]!;
    expected ??= number;
    // No message is lost, and none comes again that was released.
    const isExpected = number === expected++ && number <= next && number >= words[NOTE.released]!;
    if (!isExpected || numberOf(message) !== number) Atomics.add(words, NOTE.mistakes, 1);
    if (number === next) Atomics.store(words, NOTE.next, next + 1);
    else Atomics.add(words, NOTE.repeats, 1);
    if (receiver.unreleased < 1 + number % 5) continue;
    receiver.release(receiver.unreleased);
    Atomics.store(words, NOTE.released, number + 1);
  }
}

/** Returns the number of a message; -1 if it is torn. */
function numberOf(message: Uint8Array): number {
  try {
    return readNumbered(message, maxMessageLength).number;
  } catch {
    return -1;
  }
}

/**
 * An end of a broadcast ring: `broadcast.ts ROLE NAME [COUNT]`; `inherited:KEY` is a name as well.
 *
 * @module
 */

import { type BroadcastReceiver, BroadcastRing } from "../../src/channel/mod.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { numberedLength, numberOf, writeNumbered } from "../channel/shuffled.ts";
import { Random } from "../channel/random.ts";

const soon = { timeout: 20_000 };
const [role, name, count = "0"] = Deno.args;
const total = Number(count);
const isInherited = name!.startsWith("inherited:");
using ring = isInherited
  ? BroadcastRing.inherited(name!.slice("inherited:".length))
  : await BroadcastRing.waitFor(name!, soon);

if (role === "sender") sendAll();
if (role === "receiver") receiveAll(ring.receiver());
if (role === "sleeper") sleep(ring.receiver());
if (role === "echo") echo(ring.receiver());
if (role === "mayfly") await live();
if (role === "scribbler") await scribble();

/** Sends numbered messages as quickly as it can, without an end where there is no count. */
function sendAll(): void {
  using sender = ring.sender();
  const { maxMessageLength, ring: bytes } = sender;
  const words = new Int32Array(2 ** 15);
  const source = new Uint8Array(words.buffer);
  console.log("ready");
  for (let number = 0; total === 0 || number < total; number++) {
    const length = numberedLength(number, maxMessageLength);
    if (number % 2 === 0) {
      writeNumbered(words, number, length);
      sender.send(source.subarray(0, length));
    } else {
      const room = new Int32Array(
        bytes.buffer,
        bytes.byteOffset + sender.claimAt(length),
        (length + 3) >> 2,
      );
      writeNumbered(room, number, length);
      sender.commit();
    }
  }
}

/** Receives to the end, and says how many it got and how many it missed. */
function receiveAll(receiver: BroadcastReceiver): void {
  console.log("ready");
  let [received, missed] = [0, 0];
  for (;;) {
    const message = receiver.receiveSync(soon);
    if (message === undefined) break;
    const number = numberOf(message.bytes, ring.settings.maxMessageLength);
    missed += message.missed;
    if (number !== received + missed) throw new Error(`${number} after ${received} and ${missed}`);
    received++;
  }
  if (receiver.missed !== missed) throw new Error(`${receiver.missed} rather than ${missed}`);
  console.log(`${received} ${missed}`);
}

/** Sleeps until there is a message, again and again. */
function sleep(receiver: BroadcastReceiver): void {
  console.log("ready");
  while (receiver.receiveSync() !== undefined);
}

/** Sends back what comes, by the ring whose name has a "b" after it. */
function echo(receiver: BroadcastReceiver): void {
  using back = BroadcastRing.open(`${name}b`);
  using sender = back.sender();
  console.log("ready");
  for (;;) {
    const message = receiver.receiveSync(soon);
    if (message === undefined) return;
    sender.send(message.bytes);
    sender.flush();
  }
}

/** Takes the sender's place, and ends a moment later without closing it. */
async function live(): Promise<void> {
  ring.sender();
  console.log("ready");
  await new Promise((resolve) => setTimeout(resolve, 200));
  Deno.exit(3);
}

/** Writes nonsense all over the ring, for ever. */
async function scribble(): Promise<void> {
  using memory = SharedMemory.open(name!, { access: "readwrite" });
  using view = memory.map();
  const random = new Random(total);
  const words = new Int32Array(view.buffer);
  console.log("ready");
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (let times = 0; times < 20_000; times++) {
      // From the position of the newest record on; the places of ends stay as they are.
      const at = random.below(10) === 0 ? 32 + random.below(96) : 512 + random.below(256);
      const kinds = [random.below(2 ** 32), random.below(256), random.below(3), 0];
      words[at] = kinds[random.below(kinds.length)]!;
    }
  }
}

// Task: test:peers

/**
 * Numbers in messages between scripts and C programs, whose numbers have 32 or 64 bits.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { CopyDataListener, MessageSender, sendCopyData } from "../../src/messages/mod.ts";
import { type Bits, compileC } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { peers } from "../support/peers.ts";
import { peerUrl } from "../support/peer_url.ts";

/** A listener on Wine may not take more than the last. Other tests send C programs up to 64 MiB. */
const LENGTHS = [0, 1, 700_000];

/** Starts the program in C. */
async function start(bits: Bits) {
  await using stack = new AsyncDisposableStack();
  const program = stack.use(await compileC(peerUrl("messages/peers/numbers.c"), { bits }));
  const peer = stack.use(await Peer.startProgram(program.path));
  const window = BigInt(await peer.nextLine());
  const all = stack.move();
  return { peer, window, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Returns the bytes that the program in C sends. */
function patternOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index * 7);
}

function checksumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 0);
}

peers.test("CopyDataListener receives ids above 2^31 and below 0 of a C program, with empty and large data", async (bits) => {
  await using c = await start(bits);
  await using listener = await CopyDataListener.open({ answer: 2 ** 32 - 2 });
  const ids = [0n, 7n, 2n ** 31n, 2n ** 32n - 2n, -2n, -(2n ** 31n)];
  for (const [index, id] of ids.entries()) {
    const length = LENGTHS[index % LENGTHS.length]!;
    assertEquals(await c.peer.ask(`send ${listener.handle} ${id} ${length}`), `${2 ** 32 - 2}`);
    const message = (await listener.receive())!;
    // A dwData of 32 bits arrives as an unsigned number.
    assertEquals([message.id, message.bytes], [BigInt.asUintN(bits, id), patternOf(length)]);
    assertEquals([message.sender.handle, message.sender.pid], [c.window, c.peer.pid]);
  }
});

peers.test("sendCopyData() sends ids above 2^31 to a C program, of which one of 32 bits sees the lower half", async (bits) => {
  await using c = await start(bits);
  await using from = await CopyDataListener.open();
  // Windows passes on the lower half, and Wine 10 passes on 0 if the upper half is not 0.
  const ids = [0n, 7n, 2n ** 31n, 2n ** 32n - 2n, 2n ** 64n - 2n, 0x1234_5678_9abc_def0n];
  for (const [index, id] of ids.entries()) {
    const bytes = patternOf(LENGTHS[index % LENGTHS.length]!);
    assertEquals(await c.peer.ask("take 5"), "waiting");
    assertEquals(await sendCopyData(c.window, bytes, { id, from }), 5n);
    const arrived = bits === 32 && isWine() && id >= 2n ** 32n ? 0n : BigInt.asUintN(bits, id);
    const words = [arrived, bytes.length, checksumOf(bytes), from.handle];
    assertEquals(await c.peer.nextLine(), words.join(" "));
  }
});

peers.test("sendCopyData() returns the low 32 bits of the answer of a C program", async (bits) => {
  await using c = await start(bits);
  for (const answer of [0n, 2n ** 31n - 1n, 2n ** 32n - 2n, -2n]) {
    assertEquals(await c.peer.ask(`take ${answer}`), "waiting");
    const answered = await sendCopyData(c.window, "");
    assertEquals(BigInt.asUintN(32, answered), BigInt.asUintN(32, answer));
    await c.peer.nextLine();
  }
});

peers.test("A window's handle is the same window with and without the sign bits of a C program", async (bits) => {
  await using c = await start(bits);
  const { pid } = new MessageSender(c.window);
  assertEquals(pid, c.peer.pid);
  await using listener = await CopyDataListener.open({ answer: 9 });
  // A program of 32 bits has 32 bits of a handle. As a signed number they can be negative.
  for (const handle of [listener.handle, listener.handle - 2n ** 32n]) {
    assertEquals(await c.peer.ask(`send ${handle} 1 0`), "9");
    assertEquals((await listener.receive())?.sender.pid, c.peer.pid);
  }
});

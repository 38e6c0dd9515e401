// Task: test:peers
//
// Mailslots between processes: programs in C at either end, several senders at once, and processes
// that are killed.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { codeOf } from "../../ffi/error.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { Mailslot, openMailslot } from "../../src/pipe/mod.ts";
import type { Bits } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { programOf } from "./c_peers.ts";

/** Starts a program in C with a mailslot's path. */
async function startInC(
  bits: Bits,
  source: "mailslot_writer.c" | "mailslot_reader.c",
  path: string,
  ...args: string[]
): Promise<Peer> {
  return await Peer.startProgram(await programOf(`pipe/peers/${source}`, bits), path, ...args);
}

/** Returns the checksum of lines.h. */
function checksumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 0);
}

/** Returns the number at the beginning of a message. */
function numberOf(message: Uint8Array<ArrayBuffer>): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(0, true);
}

peers.test("A mailslot receives the messages of a writer in C whole", async (bits) => {
  using mailslot = Mailslot.create(randomName());
  await using inC = await startInC(bits, "mailslot_writer.c", mailslot.path);
  for (
    const [order, expected] of [
      ["write 0102ff", Uint8Array.of(1, 2, 255)],
      ["empty", new Uint8Array()],
      ["fill 1048576 7", new Uint8Array(2 ** 20).fill(7)],
      ["fill 5242880 9", new Uint8Array(5 * 2 ** 20).fill(9)],
      ["write 00", Uint8Array.of(0)],
    ] as const
  ) {
    const next = mailslot.receive(soon);
    assertEquals(await inC.ask(order), `wrote ${expected.length} 0`);
    assertEquals(await next, expected, order);
  }
});

peers.test("A reader in C reads the messages of a sender whole", async (bits) => {
  const path = `\\\\.\\mailslot\\${randomName()}`;
  await using inC = await startInC(bits, "mailslot_reader.c", path, "20000");
  using sender = openMailslot(path);
  for (const size of [0, 1, 65_537, 2 ** 20, 5 * 2 ** 20]) {
    const message = Uint8Array.from({ length: size }, (_, index) => index * 7 % 251);
    sender.send(message);
    const [, length, error, checksum] = (await inC.ask("read 6000000")).split(" ").map(Number);
    assertEquals([length, error, checksum], [size, 0, checksumOf(message)]);
  }
  sender.send(Uint8Array.of(1));
  sender.send(Uint8Array.of(2, 3));
  assertEquals(await inC.ask("info"), "1 2");
});

peers.test("MailslotSender.send() throws InvalidData for a message over the limit of a reader in C", async (bits) => {
  const path = `\\\\.\\mailslot\\${randomName()}`;
  await using _inC = await startInC(bits, "mailslot_reader.c", path, "20000", "100");
  using sender = openMailslot(path);
  sender.send(new Uint8Array(100));
  const tooLong = () => sender.send(new Uint8Array(101));
  // Microsoft's documentation: the limit is for each message. Wine ignores the limit.
  if (isWine()) tooLong();
  else {assertThrows(
      tooLong,
      Deno.errors.InvalidData,
      "longer than the mailslot's maxMessageSize",
    );}
});

peers.test("Mailslot.create() throws AlreadyExists for the name of a reader in C", async (bits) => {
  const path = `\\\\.\\mailslot\\${randomName()}`;
  await using _inC = await startInC(bits, "mailslot_reader.c", path, "20000");
  assertThrows(() => Mailslot.create(path), Deno.errors.AlreadyExists);
});

peers.test("openMailslot() throws Busy while a writer in C does not share the mailslot", async (bits) => {
  using mailslot = Mailslot.create(randomName());
  {
    await using _alone = await startInC(bits, "mailslot_writer.c", mailslot.path, "alone");
    // ERROR_SHARING_VIOLATION
    const error = assertThrows(() => openMailslot(mailslot.path), Deno.errors.Busy);
    assertEquals(codeOf(error), 32);
  }
  {
    using _sender = openMailslot(mailslot.path);
    await assertRejects(
      () => startInC(bits, "mailslot_writer.c", mailslot.path, "alone"),
      Error,
      "error 32",
    );
    await using _writer = await startInC(bits, "mailslot_writer.c", mailslot.path);
  }
});

peers.test("A mailslot keeps a flood of 20,000 messages that nobody receives, in order", async (bits) => {
  using mailslot = Mailslot.create(randomName());
  await using inC = await startInC(bits, "mailslot_writer.c", mailslot.path);
  assertEquals(await inC.ask("many 20000 8"), "wrote 20000 0");
  assertEquals(mailslot.info.messageCount, 20_000);
  let isTurn = false;
  const turn = new Promise<void>((resolve) => setTimeout(resolve)).then(() => isTurn = true);
  for (let number = 0; number < 20_000; number++) {
    assertEquals(numberOf(await mailslot.receive(soon)), number);
    // All of these messages are there already, but the event loop must still run.
    if (number === 19_000) assertEquals(isTurn, true);
  }
  await turn;
  assertEquals(mailslot.info.messageCount, 0);
});

peers.test("Messages of a C program and of a script at once arrive in the order of each sender", async (bits) => {
  using mailslot = Mailslot.create(randomName());
  await using inC = await startInC(bits, "mailslot_writer.c", mailslot.path);
  await using script = await Peer.start("pipe/peers/mailslot_end.ts", "send", mailslot.path);
  const count = 3000;
  const sent = Promise.all([inC.ask(`many ${count} 8`), script.ask(`many ${count}`)]);
  /** The next number of each sender, by the length of the sender's messages. */
  const next = new Map([[8, 0], [12, 0]]);
  for (let received = 0; received < 2 * count; received++) {
    const message = await mailslot.receive(soon);
    const expected = next.get(message.length);
    assertEquals(numberOf(message), expected);
    next.set(message.length, expected! + 1);
  }
  assertEquals(await sent, [`wrote ${count} 0`, "sent"]);
  assertEquals(mailslot.tryReceive(), undefined);
});

peers.test("The messages of a sender that is killed can still be received, and then those of others", async (bits) => {
  using mailslot = Mailslot.create(randomName());
  {
    await using inC = await startInC(bits, "mailslot_writer.c", mailslot.path);
    assertEquals(await inC.ask("many 3 4"), "wrote 3 0");
    await inC.send("many 100000000 4");
    for (let number = 0; number < 3; number++) {
      assertEquals(numberOf(await mailslot.receive(soon)), number);
    }
    assertEquals(numberOf(await mailslot.receive(soon)), 0);
    inC.kill();
    await inC.gone();
  }
  let expected = 1;
  for (let message; (message = mailslot.tryReceive()) !== undefined; expected++) {
    assertEquals(numberOf(message), expected);
  }
  using sender = openMailslot(mailslot.path);
  sender.send(Uint8Array.of(5));
  assertEquals(await mailslot.receive(soon), Uint8Array.of(5));
});

Deno.test("MailslotSender.send() throws BrokenPipe after the receiver was killed", async () => {
  const path = `\\\\.\\mailslot\\${randomName()}`;
  await using receiver = await Peer.start("pipe/peers/mailslot_end.ts", "create", path);
  {
    using sender = openMailslot(path);
    sender.send(new Uint8Array(7));
    assertEquals(await receiver.ask("receive"), "received 7");
    receiver.kill();
    await receiver.gone();
    // Windows closes the mailslot with the receiver's last handle. Wine keeps the mailslot as long
    // as a sender has it open.
    if (isWine()) sender.send(new Uint8Array(1));
    else assertThrows(() => sender.send(new Uint8Array(1)), Deno.errors.BrokenPipe);
  }
  assertThrows(() => openMailslot(path), Deno.errors.NotFound);
  using again = Mailslot.create(path);
  using sender = openMailslot(path);
  sender.send(Uint8Array.of(1));
  assertEquals(await again.receive(soon), Uint8Array.of(1));
});

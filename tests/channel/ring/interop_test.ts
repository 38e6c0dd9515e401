// Task: test:peers

/**
 * Channels with a C program at one end. The program uses the header of `declareRingChannel()`.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { SharedEvent, SharedMemory } from "../../../mod.ts";
import { HEADER_LENGTH, VERSION, WORD, writeHeader } from "../../../src/channel/ring/layout.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { peers } from "../../support/peers.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { Random } from "../../support/random.ts";
import { soon } from "../../support/soon.ts";

const small = { capacity: 1024, maxMessageLength: 200 };
/** Messages in one direction: about 2,000 laps of the ring. */
const COUNT = 20_000;

/** The error codes of winerror.h. */
const ERROR = {
  SUCCESS: 0,
  FILE_NOT_FOUND: 2,
  INVALID_DATA: 13,
  NOT_READY: 21,
  HANDLE_EOF: 38,
  NOT_SUPPORTED: 50,
  NETNAME_DELETED: 64,
  BROKEN_PIPE: 109,
  BUSY: 170,
};

/** Yields the messages that the peer sends or expects. */
function* messages(maxMessageLength: number): Generator<Uint8Array<ArrayBuffer>, never> {
  const random = new Random(7);
  const room = new Uint8Array(maxMessageLength);
  for (;;) {
    const length = random.below(maxMessageLength + 1);
    for (let at = 0; at < length; at++) room[at] = random.below(256);
    yield room.subarray(0, length);
  }
}

/** Returns a function that checks that a message is the next one of the peer. */
function checker(maxMessageLength: number): (message: Uint8Array) => void {
  const expected = messages(maxMessageLength);
  let number = 0;
  return (message) => {
    const { value } = expected.next();
    if (value.length !== message.length || value.some((byte, at) => byte !== message[at])) {
      throw new Error(`Message ${number} is not the message that the peer sent`);
    }
    number++;
  };
}

/** Has a C program take an end, and returns its error code, 0 for success. */
async function tryEnd(path: string, role: "send" | "receive", name: string): Promise<number> {
  try {
    await using _peer = await Peer.startProgram(path, role, name, "0");
    return ERROR.SUCCESS;
  } catch (error) {
    return Number(/refused (\d+)/.exec(`${error}`)?.[1]);
  }
}

peers.test("declareRingChannel(): a C program receives all messages of sendSync() and send(), and the end", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  for (const sync of [true, false]) {
    const name = randomName();
    using channel = RingChannel.create(name, small);
    using sender = channel.sender();
    await using peer = await Peer.startProgram(program.path, "receive", name, "0");
    const source = messages(small.maxMessageLength);
    for (let number = 0; number < COUNT; number++) {
      const message = source.next().value;
      if (sync) sender.sendSync(message, soon);
      else await sender.send(message, soon);
    }
    sender.close();
    assertEquals(await peer.nextLine(), `${COUNT} messages, then ${ERROR.HANDLE_EOF}`);
  }
});

peers.test("declareRingChannel(): read() and receive() get all messages of a C program, and the end", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  for (const sync of [true, false]) {
    const name = randomName();
    using channel = RingChannel.create(name, small);
    using receiver = channel.receiver();
    await using peer = await Peer.startProgram(program.path, "send", name, `${COUNT}`);
    const check = checker(small.maxMessageLength);
    let number = 0;
    while (sync && receiver.waitForMessageSync(soon)) {
      number += receiver.read(check);
    }
    for await (const message of receiver) {
      check(message);
      number++;
    }
    assertEquals(number, COUNT);
    assert(receiver.ended);
    assertEquals(await peer.nextLine(), `${COUNT} messages, then ${ERROR.SUCCESS}`);
  }
});

peers.test("declareRingChannel(): a receiver continues after a C program that read padding last", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  const name = randomName();
  using channel = RingChannel.create(name, small);
  using sender = channel.sender();
  await using peer = await Peer.startProgram(program.path, "receive", name, "0");
  const source = messages(small.maxMessageLength);
  let count = 0;
  for (let offset = -1; offset !== 8; sender.abort()) {
    sender.sendSync(source.next().value, soon);
    count++;
    sender.waitForRoomSync(small.maxMessageLength, soon);
    // The claim that begins at the ring's beginning leaves padding at its end.
    offset = sender.claimAt(small.maxMessageLength);
  }
  sender.close();
  assertEquals(await peer.nextLine(), `${count} messages, then ${ERROR.HANDLE_EOF}`);
  await peer.gone();
  using receiver = channel.receiver();
  using next = channel.sender();
  next.sendSync(Uint8Array.of(7), soon);
  assertEquals(receiver.receiveSync(soon), Uint8Array.of(7));
});

peers.test("declareRingChannel(): a C program echoes messages while each end sleeps in between", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  const name = randomName();
  using there = RingChannel.create(name, small);
  using back = RingChannel.create(`${name}b`, small);
  using sender = there.sender();
  using receiver = back.receiver();
  await using peer = await Peer.startProgram(program.path, "echo", name, "0");
  const source = messages(small.maxMessageLength);
  for (let number = 0; number < 1000; number++) {
    const message = source.next().value;
    if (number % 2 === 0) {
      sender.sendSync(message, soon);
      assertEquals(receiver.receiveSync(soon), message);
    } else {
      await sender.send(message, soon);
      assertEquals(await receiver.receive(soon), message);
    }
  }
  sender.close();
  assertEquals(await peer.nextLine(), `1000 messages, then ${ERROR.HANDLE_EOF}`);
  assertEquals(await receiver.receive(soon), undefined);
});

peers.test("declareRingChannel(): after a C program is killed, its peer throws and its place is free", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  const name = randomName();
  using channel = RingChannel.create(name, small);
  for (let round = 0; round < 4; round++) {
    using receiver = channel.receiver();
    await using peer = await Peer.startProgram(program.path, "send", name, "0");
    const check = checker(small.maxMessageLength);
    for (let number = 0; number < 500; number++) check((await receiver.receive(soon))!);
    peer.kill();
    await assertRejects(async () => {
      for (;;) check((await receiver.receive(soon))!);
    }, Deno.errors.ConnectionReset);
    await peer.gone();
  }
  using sender = channel.sender();
  for (const sync of [true, false]) {
    await using peer = await Peer.startProgram(program.path, "receive", name, "0");
    const source = messages(small.maxMessageLength);
    for (let number = 0; number < 500; number++) sender.sendSync(source.next().value, soon);
    peer.kill();
    if (sync) {
      assertThrows(() => {
        for (;;) sender.sendSync(new Uint8Array(100), soon);
      }, Deno.errors.BrokenPipe);
    } else {
      await assertRejects(async () => {
        for (;;) await sender.send(new Uint8Array(100), soon);
      }, Deno.errors.BrokenPipe);
    }
    await peer.gone();
    using rest = channel.receiver();
    rest.read(() => {});
  }
});

peers.test("declareRingChannel(): a C program gets an error if its peer is closed or dead", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  for (const end of ["closed", "killed"]) {
    {
      const name = randomName();
      using channel = RingChannel.create(name, small);
      await using peer = await Peer.startProgram(program.path, "send", name, "0");
      if (end === "closed") {
        using receiver = channel.receiver();
        await receiver.receive(soon);
      } else {
        await using other = await Peer.start("channel/ring/peers/end.ts", "receiver", name);
        other.kill();
      }
      assertEquals((await peer.nextLine()).split(" ").at(-1), `${ERROR.BROKEN_PIPE}`, end);
    }
    {
      const name = randomName();
      using channel = RingChannel.create(name, small);
      await using peer = await Peer.startProgram(program.path, "receive", name, "0");
      if (end === "closed") channel.sender().close();
      else {
        await using other = await Peer.startProgram(program.path, "send", name, "0");
        other.kill();
      }
      const error = end === "closed" ? ERROR.HANDLE_EOF : ERROR.NETNAME_DELETED;
      assertEquals((await peer.nextLine()).split(" ").at(-1), `${error}`, end);
    }
  }
});

peers.test("declareRingChannel(): a C program receives the pending messages of a killed sender", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  const name = randomName();
  // Three of these messages are less than a batch, so they stay pending.
  using _channel = RingChannel.create(name, { capacity: 2 ** 13, maxMessageLength: 100 });
  await using sender = await Peer.start("channel/ring/peers/end.ts", "silent sender", name, "3");
  await using peer = await Peer.startProgram(program.path, "receive", name, "0");
  sender.kill();
  assertEquals(await peer.nextLine(), `3 messages, then ${ERROR.NETNAME_DELETED}`);
});

peers.test("declareRingChannel(): a place is busy for C and TypeScript if either of them has it", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  for (const role of ["send", "receive"] as const) {
    const name = randomName();
    using channel = RingChannel.create(name, small);
    const take = () => role === "send" ? channel.sender() : channel.receiver();
    {
      await using peer = await Peer.startProgram(program.path, role, name, "0");
      assertThrows(take, Deno.errors.Busy, `${peer.pid}`);
      assertEquals(await tryEnd(program.path, role, name), ERROR.BUSY);
    }
    using _end = take();
    assertEquals(await tryEnd(program.path, role, name), ERROR.BUSY);
  }
});

peers.test("declareRingChannel(): a C program refuses memory that is not a channel for one sender", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  const name = randomName();
  const open = () => tryEnd(program.path, "send", name);
  assertEquals(await open(), ERROR.FILE_NOT_FOUND);
  using _data = SharedEvent.create(`${name}.data`);
  using _space = SharedEvent.create(`${name}.space`);
  using memory = SharedMemory.create(name, HEADER_LENGTH + 4096);
  using view = memory.map();
  assertEquals(await open(), ERROR.NOT_READY);
  const words = new Int32Array(view.buffer);
  const settings = {
    capacity: 4096,
    maxMessageLength: 100,
    whenFull: "wait",
    producers: "single",
    endsWithLastSender: true,
  } as const;
  const wrong = [
    { at: WORD.magic, value: 1 },
    { at: WORD.version, value: VERSION - 1 },
    { at: WORD.version, value: VERSION + 1 },
    { at: WORD.capacity, value: 8192 },
    { at: WORD.capacity, value: 4095 },
    { at: WORD.maxMessageLength, value: 4096 },
    { at: WORD.tail, value: 3 },
    { at: WORD.head, value: 8 },
    { at: WORD.committed, value: 4104 },
  ];
  for (const { at, value } of wrong) {
    view.bytes.fill(0);
    writeHeader(view.buffer, settings);
    words[at] = value;
    assertEquals(await open(), ERROR.INVALID_DATA, `${value} in word ${at}`);
  }
  view.bytes.fill(0);
  writeHeader(view.buffer, { ...settings, producers: "multiple" });
  assertEquals(await open(), ERROR.NOT_SUPPORTED);
  view.bytes.fill(0);
  writeHeader(view.buffer, settings);
  assertEquals(await open(), ERROR.SUCCESS);
});

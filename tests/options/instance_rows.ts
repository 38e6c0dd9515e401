/**
 * The methods of the library's objects, with their arguments.
 *
 * @module
 */

import {
  BroadcastRing,
  ChannelInbox,
  connectRing,
  CopyDataMessage,
  LatestFrame,
  LatestValue,
  listenRing,
  Mailslot,
  openMailslot,
  ProcessWatch,
  receiveHandle,
  RingChannel,
  sendChannel,
  sendHandle,
  SharedEvent,
  sharedLock,
  SharedMemory,
  SharedMutex,
  sharedReadWriteLock,
  SharedSemaphore,
  struct,
} from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { pipeRows } from "./pipe_rows.ts";
import { type Given, iteration, method, type Options, plain, type Row } from "./row.ts";
import { ACCESS, NO_WINDOW, SECURITY, SEND, WAIT } from "./shared_options.ts";

const BLOCK: Options = { timeout: ["count", 0] };
const NO_PROCESS: Given = ["count", 2 ** 32 - 1];
const BYTES: Given = ["bytes", new Uint8Array(4)];
const LENGTH: Given = ["count", 4];
const KEY: Given = ["key", "a"];

function* memoryRows(stack: DisposableStack): Generator<Row> {
  const memory = stack.use(SharedMemory.anonymous(4096));
  yield method("SharedMemory.map", memory, {
    needed: [],
    options: { offset: ["count", 0], byteLength: ["count", 1], access: ["word", "copy"] },
  });
  yield method("SharedMemory.toInheritable", memory, { needed: [], more: ["word", "read"] });
  yield method("SharedMemory.forWorker", memory, { needed: [], options: ACCESS });
  yield method("SharedMemory.duplicateTo", memory, { needed: [NO_PROCESS], options: ACCESS });
  yield plain(sendHandle, "sendHandle", {
    needed: [NO_WINDOW, ["instance", memory]],
    options: { ...SEND, ...ACCESS },
  });
  const message = new CopyDataMessage({ id: 0n, bytes: new Uint8Array(0), sender: 0n });
  yield plain(receiveHandle, "receiveHandle", {
    needed: [["instance", message]],
    options: { form: ["word", "push"], of: ["word", "event"] },
  });
  const inbox = stack.use(new ChannelInbox());
  yield method("ChannelInbox.take", inbox, {
    needed: [["instance", message]],
    options: { message: ["instance", struct({ a: "i32" })] },
  });
}

function* syncRows(stack: DisposableStack): Generator<Row> {
  const event = stack.use(SharedEvent.anonymous());
  const semaphore = stack.use(SharedSemaphore.anonymous());
  const mutex = stack.use(SharedMutex.anonymous());
  const watch = stack.use(ProcessWatch.open(Deno.pid));
  yield method("SharedObject.duplicateTo", event, { needed: [NO_PROCESS] });
  yield method("SharedEvent.wait", event, { needed: [], options: WAIT });
  yield method("SharedEvent.waitSync", event, { needed: [], options: BLOCK });
  yield method("SharedSemaphore.release", semaphore, { needed: [], more: ["count", 1] });
  yield method("SharedSemaphore.wait", semaphore, { needed: [], options: WAIT });
  yield method("SharedSemaphore.waitSync", semaphore, { needed: [], options: BLOCK });
  yield method("SharedMutex.lock", mutex, { needed: [], options: WAIT });
  yield method("SharedMutex.lockSync", mutex, { needed: [], options: BLOCK });
  yield method("ProcessWatch.wait", watch, { needed: [], options: WAIT });
  const State = struct({ lock: sharedLock, pair: sharedReadWriteLock });
  const state = State.view(new ArrayBuffer(State.byteLength));
  yield method("SharedLock.lock", state.lock, { needed: [], options: WAIT });
  yield method("SharedLock.lockSync", state.lock, { needed: [], options: BLOCK });
  for (const name of ["lockRead", "lockWrite"] as const) {
    yield method(`SharedReadWriteLock.${name}`, state.pair, { needed: [], options: WAIT });
    yield method(`SharedReadWriteLock.${name}Sync`, state.pair, { needed: [], options: BLOCK });
  }
}

function* ringRows(stack: DisposableStack): Generator<Row> {
  const channel = stack.use(RingChannel.anonymous({ capacity: 1024 }));
  const sender = stack.use(channel.sender());
  const receiver = stack.use(channel.receiver());
  yield method("RingChannel.toInherit", channel, { needed: [KEY] });
  yield plain(sendChannel, "sendChannel", {
    needed: [NO_WINDOW, ["instance", channel]],
    options: SEND,
  });
  const wait = { options: WAIT, isHot: true };
  const block = { options: BLOCK, isHot: true };
  yield method("RingSender.trySend", sender, { needed: [BYTES] });
  yield method("RingSender.send", sender, { needed: [BYTES], ...wait });
  yield method("RingSender.sendSync", sender, { needed: [BYTES], ...block });
  yield method("RingSender.sendValue", sender, { needed: [["anything", 1]], ...wait });
  yield method("RingSender.waitForRoom", sender, { needed: [LENGTH], ...wait });
  yield method("RingSender.waitForRoomSync", sender, { needed: [LENGTH], ...block });
  yield method("RingSender.claim", sender, { needed: [LENGTH] });
  yield {
    ...method("RingSender.claimAt", sender, { needed: [LENGTH] }),
    call([length]) {
      Reflect.apply(sender.claimAt, sender, [length]);
      sender.abort();
    },
  };
  yield {
    ...method("RingSender.commit", sender, { needed: [], more: LENGTH }),
    call([length]) {
      sender.claimAt(4);
      using _claim = { [Symbol.dispose]: () => sender.abort() };
      Reflect.apply(sender.commit, sender, [length]);
    },
  };
  yield {
    name: "RingClaim.commit",
    needed: [],
    more: LENGTH,
    call([length]) {
      using claim = sender.claim(4)!;
      Reflect.apply(claim.commit, claim, [length]);
    },
  };
  yield method("RingReceiver.receive", receiver, { needed: [], ...wait });
  yield method("RingReceiver.receiveValue", receiver, { needed: [], ...wait });
  yield iteration("RingReceiver.values", receiver, { needed: [], ...wait });
  yield method("RingReceiver.waitForMessage", receiver, { needed: [], ...wait });
  yield method("RingReceiver.receiveSync", receiver, { needed: [], ...block });
  yield method("RingReceiver.waitForMessageSync", receiver, { needed: [], ...block });
  yield method("RingReceiver.peek", receiver, { needed: [], ...wait });
  yield method("RingReceiver.peekSync", receiver, { needed: [], ...block });
  yield {
    ...method("RingReceiver.release", receiver, { needed: [["count", 0]] }),
    call([count]) {
      // Later calls can read messages again.
      using _end = { [Symbol.dispose]: () => receiver.release(receiver.unreleased) };
      Reflect.apply(receiver.release, receiver, [count]);
    },
  };
  const typed = stack.use(RingChannel.anonymous({ message: struct({ a: "i32" }) }));
  const typedSender = stack.use(typed.sender());
  const values: Given = ["values", { a: 1 }];
  yield method("RingSender.tryWrite", typedSender, { needed: [values] });
  yield method("RingSender.write", typedSender, { needed: [values], ...wait });
  yield method("RingSender.writeSync", typedSender, { needed: [values], ...block });
  const typedReceiver = stack.use(typed.receiver());
  const visit: Given = ["function", () => {}];
  yield method("RingReceiver.readViews", typedReceiver, { needed: [visit] });
  yield method("RingReceiver.readAt", receiver, { needed: [["function", () => {}]] });
  // This call reads all messages, so that there is room for the next round.
  yield method("RingReceiver.read", receiver, { needed: [["function", () => {}]] });
}

function* ringServerRows(stack: DisposableStack): Generator<Row> {
  const name: Given = ["name", randomName()];
  yield plain(listenRing, "listenRing", {
    needed: [name],
    options: {
      ...SECURITY,
      capacity: ["count", 1024],
      maxMessageLength: ["count", 16],
      whenFull: ["word", "drop"],
      packages: ["packages", true],
      backlog: ["count", 1],
      signal: WAIT.signal!,
      message: ["instance", struct({ a: "i32" })],
    },
  });
  yield plain(connectRing, "connectRing", {
    needed: [name],
    options: {
      ...WAIT,
      waitForServer: ["flag", false],
      impersonation: ["word", "anonymous"],
      server: ["word", "anyone"],
      message: ["instance", struct({ a: "i32" })],
    },
  });
  const listener = stack.use(listenRing(randomName()));
  yield method("RingListener.accept", listener, { needed: [], options: WAIT });
}

function* broadcastRows(stack: DisposableStack): Generator<Row> {
  const ring = stack.use(BroadcastRing.anonymous({ capacity: 1024 }));
  const sender = stack.use(ring.sender());
  const receiver = stack.use(ring.receiver());
  yield method("BroadcastRing.toInherit", ring, { needed: [KEY] });
  yield method("BroadcastRing.receiver", ring, { needed: [], options: SECURITY });
  yield method("BroadcastSender.send", sender, { needed: [BYTES] });
  yield {
    ...method("BroadcastSender.claimAt", sender, { needed: [LENGTH] }),
    call([length]) {
      Reflect.apply(sender.claimAt, sender, [length]);
      sender.abort();
    },
  };
  yield {
    ...method("BroadcastSender.commit", sender, { needed: [], more: LENGTH }),
    call([length]) {
      sender.claimAt(4);
      using _claim = { [Symbol.dispose]: () => sender.abort() };
      Reflect.apply(sender.commit, sender, [length]);
    },
  };
  const hot = { needed: [], isHot: true };
  yield method("BroadcastReceiver.receive", receiver, { ...hot, options: WAIT });
  yield method("BroadcastReceiver.receiveSync", receiver, { ...hot, options: BLOCK });
  yield method("BroadcastReceiver.receiveValue", receiver, { ...hot, options: WAIT });
  yield iteration("BroadcastReceiver.values", receiver, { ...hot, options: WAIT });
  yield method("BroadcastReceiver.waitForMessage", receiver, { ...hot, options: WAIT });
  yield method("BroadcastReceiver.waitForMessageSync", receiver, { ...hot, options: BLOCK });
  yield method("BroadcastSender.sendValue", sender, { needed: [["anything", { a: 1 }]] });
  const typed = stack.use(BroadcastRing.anonymous({ message: struct({ a: "i32" }) }));
  const typedSender = stack.use(typed.sender());
  yield method("BroadcastSender.write", typedSender, { needed: [["values", { a: 1 }]] });
  const typedReceiver = stack.use(typed.receiver());
  const visit: Given = ["function", () => {}];
  yield method("BroadcastReceiver.readViews", typedReceiver, { needed: [visit] });
}

function* latestRows(stack: DisposableStack): Generator<Row> {
  const layout = struct({ a: "i32" });
  const name = randomName();
  const value = stack.use(LatestValue.create(name, layout));
  const writer = value.writer();
  writer.publish();
  const reader = value.reader();
  yield method("LatestWriter.write", writer, { needed: [["values", { a: 1 }]] });
  yield method("LatestValue.reader", value, { needed: [], options: SECURITY });
  yield method("LatestReader.readInto", reader, { needed: [["instance", new Int32Array(1)]] });
  yield iteration("LatestReader.changes", reader, {
    needed: [],
    options: { ...WAIT, whenWriterGone: ["word", "wait"] },
  });
}

function* frameRows(stack: DisposableStack): Generator<Row> {
  const frames = stack.use(LatestFrame.create(randomName(), { byteLength: 8 }));
  const writer = frames.writer();
  writer.claim();
  writer.publish();
  const reader = frames.reader();
  yield method("LatestFrame.reader", frames, { needed: [], options: SECURITY });
  yield {
    ...method("FrameWriter.publish", writer, {
      needed: [["anything", 1]],
      options: { length: ["count", 4] },
    }),
    call(args) {
      writer.claim();
      return Reflect.apply(writer.publish, writer, [...args]);
    },
  };
  yield iteration("FrameReader.changes", reader, {
    needed: [],
    options: { ...WAIT, whenWriterGone: ["word", "wait"] },
  });
}

function* mailslotRows(stack: DisposableStack): Generator<Row> {
  const mailslot = stack.use(Mailslot.create(randomName()));
  const sender = stack.use(openMailslot(mailslot.path));
  yield method("Mailslot.receive", mailslot, { needed: [], options: WAIT });
  yield method("MailslotSender.send", sender, { needed: [BYTES] });
}

/** Makes the rows of methods. The stack closes the objects of these methods. */
export async function instanceRows(stack: DisposableStack): Promise<Row[]> {
  return [
    ...memoryRows(stack),
    ...syncRows(stack),
    ...ringRows(stack),
    ...ringServerRows(stack),
    ...broadcastRows(stack),
    ...latestRows(stack),
    ...frameRows(stack),
    ...mailslotRows(stack),
    ...await pipeRows(stack),
  ];
}

// Task: test:peers

/**
 * Servers and clients that share two channels by a handshake over a pipe.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { DuplicatedHandle } from "../../../ffi/process_thread.ts";
import { RingChannel, SharedMemory } from "../../../mod.ts";
import {
  connectRing,
  listenRing,
  type RingConnection,
  type RingListener,
} from "../../../src/channel/mod.ts";
import { partsOf } from "../../../src/channel/ring/channel.ts";
import {
  HANDSHAKE_KINDS,
  HANDSHAKE_MAGIC,
  HANDSHAKE_VERSION,
  HandshakeStart,
  RingOffer,
} from "../../../src/channel/ring/connection.ts";
import { connectPipe, listenPipe } from "../../../src/pipe/mod.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { isWine } from "../../../ffi/win32/ntdll.ts";
import { openLibrary } from "../../support/open_library.ts";
import { readAnswer, startCServer } from "../../pipe/c_peers.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { peers } from "../../support/peers.ts";
import { Peer } from "../../support/peer.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { randomName } from "../../support/random_name.ts";
import { runPeer } from "../../support/run_peer.ts";
import { soon } from "../../support/soon.ts";
import { untilNoWait } from "../../support/until_no_wait.ts";

function doubleOf(value: unknown): number {
  if (typeof value === "object" && value !== null && "number" in value) {
    return 2 * Number(value.number);
  }
  throw new TypeError("Expected an object with a number");
}

/** Answers each number by its double, until the client closes its end. */
async function double(connection: RingConnection): Promise<number> {
  let count = 0;
  using _ = connection;
  for (let next; (next = await connection.receiver.receiveValue(soon));) {
    await connection.sender.sendValue(doubleOf(next.value), soon);
    count++;
  }
  return count;
}

/** Connects and accepts in this process. */
async function pair(
  listener: RingListener,
  name: string,
): Promise<[client: RingConnection, server: RingConnection]> {
  return await Promise.all([connectRing(name, soon), listener.accept(soon)]);
}

function hello(pid: number, kind: number = HANDSHAKE_KINDS.hello): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HandshakeStart.byteLength);
  const start = { magic: HANDSHAKE_MAGIC, version: HANDSHAKE_VERSION, kind, pid, reserved: 0 };
  HandshakeStart.write(bytes, start);
  return bytes;
}

/** An offer of two channels that a test makes itself. */
interface Offer extends Disposable {
  bytes: Uint8Array<ArrayBuffer>;
  /** Closes the offered handles. Returns which of them were still open. */
  revoke(): boolean[];
}

/**
 * Puts handles of two channels into a process.
 *
 * @param isValid Whether the second memory has the header of a channel.
 */
function offerTo(pid: number, isValid: boolean): Offer {
  using stack = new DisposableStack();
  const handles: DuplicatedHandle[] = [];
  const put = (object: { duplicateTo(pid: number): DuplicatedHandle }) => {
    const handle = stack.use(object.duplicateTo(pid));
    handles.push(handle);
    return handle.value;
  };
  const rings = [true, isValid].map((isChannel) => {
    const parts = partsOf(stack.use(RingChannel.anonymous({ capacity: 2048 })));
    const memory = isChannel ? parts.memory : stack.use(SharedMemory.anonymous(4096));
    const size = BigInt(memory.byteLength);
    return { memory: put(memory), size, data: put(parts.data), space: put(parts.space) };
  });
  const bytes = new Uint8Array(RingOffer.byteLength);
  const kind = HANDSHAKE_KINDS.offer;
  const start = { magic: HANDSHAKE_MAGIC, version: HANDSHAKE_VERSION, kind, pid, reserved: 0 };
  RingOffer.write(bytes, { start, rings });
  const all = stack.move();
  return {
    bytes,
    revoke: () => handles.map((handle) => handle.revoke()),
    [Symbol.dispose]: () => all.dispose(),
  };
}

Deno.test("listenRing() shares two channels with each of several processes at a time", async () => {
  const name = randomName();
  using listener = listenRing(name, { capacity: 4096 });
  const peers = await Promise.all(
    Array.from({ length: 3 }, () => Peer.start("channel/ring/peers/ring_client.ts", name, "close")),
  );
  const served: Promise<number>[] = [];
  const pids = new Set<number>();
  for (const _ of peers) {
    const connection = await listener.accept(soon);
    pids.add(connection.peer.pid);
    assertEquals(connection.sender.maxMessageLength, 2040);
    served.push(double(connection));
  }
  assertEquals(await Promise.all(served), [100, 100, 100]);
  assertEquals([...pids].sort(), peers.map(({ pid }) => pid).sort());
  for (const peer of peers) {
    assertEquals(await peer.nextLine(), "done");
    assertEquals((await peer.gone()).code, 0);
    await peer[Symbol.asyncDispose]();
  }
});

Deno.test("RingConnection sees at once that the client's process was killed", async () => {
  const name = randomName();
  using listener = listenRing(name);
  await using peer = await Peer.start("channel/ring/peers/ring_client.ts", name, "die");
  using connection = await listener.accept(soon);
  for (let count = 0; count < 100; count++) {
    const next = await connection.receiver.receiveValue(soon);
    await connection.sender.sendValue(doubleOf(next?.value), soon);
  }
  assertEquals(await peer.nextLine(), "done");
  const end = connection.receiver.receive(soon);
  const since = performance.now();
  peer.kill();
  await assertRejects(() => end, Deno.errors.ConnectionReset);
  const took = performance.now() - since;
  assert(took < 2000, `It took ${took} ms`);
});

Deno.test("RingConnection sees at once that the server's process was killed", async () => {
  const name = randomName();
  await using peer = await Peer.start("channel/ring/peers/ring_server.ts", name);
  using connection = await connectRing(name, soon);
  assertEquals(connection.peer.pid, peer.pid);
  assertEquals(await peer.nextLine(), "accepted");
  const end = connection.receiver.receive(soon);
  peer.kill();
  await assertRejects(() => end, Deno.errors.ConnectionReset);
});

Deno.test("connectRing() works in a Worker, whose end its peer sees at once", async () => {
  const name = randomName();
  using listener = listenRing(name);
  const url = peerUrl("channel/ring/peers/ring_client_worker.ts").href;
  const worker = new Worker(url, { type: "module", name });
  const { promise: sum, resolve } = Promise.withResolvers<string>();
  worker.onmessage = ({ data }) => resolve(data);
  using connection = await listener.accept(soon);
  const echoed = (async () => {
    for await (const message of connection.receiver) await connection.sender.send(message, soon);
  })();
  assertEquals(await sum, `${99 * 50}`);
  worker.terminate();
  await assertRejects(() => echoed, Deno.errors.ConnectionReset);
});

peers.test("winipc_ring_connect() makes a C program a client of listenRing()", async (bits) => {
  const name = randomName();
  using listener = listenRing(name);
  await using program = await compileRingPeer("channel/ring/peers/ring_client.c", { bits });
  await using peer = await Peer.startProgram(program.path, listener.path);
  using connection = await listener.accept(soon);
  for await (const bytes of connection.receiver) {
    const number = new DataView(bytes.buffer).getUint32(0, true);
    await connection.sender.send(new Uint8Array(Uint32Array.of(2 * number).buffer), soon);
  }
  assertEquals(await peer.nextLine(), "ok");
});

peers.test("winipc_ring_connect() returns an error if there is no server, or another kind", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/ring_client.c", { bits });
  const missing = `\\\\.\\pipe\\${randomName()}`;
  await using first = await Peer.startProgram(program.path, missing);
  assertEquals(await first.nextLine(), "connect 2");

  // A server of bytes, and a server that closes the pipe.
  using ofBytes = listenPipe({ name: randomName() });
  await using second = await Peer.startProgram(program.path, ofBytes.path);
  assertEquals(await second.nextLine(), "connect 13");

  using closing = listenPipe({ name: randomName(), mode: "messages" });
  await using third = await Peer.startProgram(program.path, closing.path);
  const connection = await closing.accept(soon);
  await connection.readMessage(soon);
  connection.close();
  assertEquals(await third.nextLine(), "connect 109");
});

peers.test("winipc_ring_connect() does not wait for ever for a server that never answers", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/ring_client.c", { bits });
  using silent = listenPipe({ name: randomName(), mode: "messages" });
  await using peer = await Peer.startProgram(program.path, silent.path, "50");
  await using _connection = await silent.accept(soon);
  assertEquals(await peer.nextLine(), "connect 258");
});

peers.test("winipc_ring_connect() closes no handle that a server offers, and refuses a wrong one", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/ring_client.c", { bits });
  using pipe = listenPipe({ name: randomName(), mode: "messages" });
  for (const isValid of [true, false]) {
    await using peer = await Peer.startProgram(program.path, pipe.path);
    await using connection = await pipe.accept(soon);
    await connection.readMessage(soon);
    using offer = offerTo(connection.peer.pid, isValid);
    await connection.write(offer.bytes, soon);
    if (!isValid) {
      assertEquals(await peer.nextLine(), "connect 13");
      continue;
    }
    assertEquals((await connection.readMessage(soon))?.length, 16);
    assertEquals(offer.revoke(), [true, true, true, true, true, true]);
  }
});

Deno.test("connectRing() and listenRing() refuse a peer that does not follow the handshake", async () => {
  const name = randomName();
  using listener = listenRing(name);
  for (
    const bytes of [
      new Uint8Array(),
      new TextEncoder().encode("GET / HTTP/1.1"),
      hello(Deno.pid, HANDSHAKE_KINDS.accept),
      hello(Deno.pid + 4),
      new Uint8Array(1000),
    ]
  ) {
    await using stranger = await connectPipe(name, { mode: "messages", ...soon });
    await stranger.write(bytes, soon);
    assertEquals(await stranger.readMessage(soon), null);
  }
  // The server goes on.
  const [client, server] = await pair(listener, name);
  client.close();
  server.close();

  const other = randomName();
  using pipe = listenPipe({ name: other, mode: "messages" });
  const serving = (async () => {
    await using connection = await pipe.accept(soon);
    await connection.readMessage(soon);
    await connection.write(new Uint8Array(RingOffer.byteLength), soon);
    // The client refuses the offer and closes.
    assertEquals(await connection.readMessage(soon), null);
  })();
  await assertRejects(() => connectRing(other, soon), Deno.errors.InvalidData, "offer");
  await serving;

  using ofBytes = listenPipe({ name: randomName() });
  await assertRejects(() => connectRing(ofBytes.path, soon), Deno.errors.InvalidData);
});

Deno.test("connectRing() refuses a server that it does not trust, before its first byte", async () => {
  const name = randomName();
  // On Wine, a pipe without a descriptor has no owner. On Windows, an elevated process would not
  // own it, and another process id is not trusted anywhere.
  const other = { ...soon, server: { pid: Deno.pid } };
  await using server = await startCServer(name, { mode: "messages" });
  for (const options of isWine() ? [soon, other] : [other]) {
    await server.send("connect");
    await assertRejects(
      () => connectRing(name, options),
      Deno.errors.PermissionDenied,
      "Cannot trust the server",
    );
    await server.nextLine();
    // The server finds no byte: ERROR_BROKEN_PIPE.
    assertEquals(await server.ask("read 99"), readAnswer(new Uint8Array(), 109));
    await server.ask("disconnect");
  }
  // It trusts a server of the same user, and a process that it names.
  const trusted = randomName();
  using listener = listenRing(trusted);
  for (const options of [soon, other]) {
    const accepted = listener.accept(soon);
    using _client = await connectRing(trusted, options);
    using _connection = await accepted;
  }
});

/** Returns the lengths of the names of objects, in bytes. */
function nameLengthsOf(handles: bigint[]): number[] {
  const OBJECT_NAME_INFORMATION = 1;
  using ntdll = openLibrary("ntdll.dll", {
    NtQueryObject: { parameters: ["u64", "i32", "buffer", "u32", "usize"], result: "i32" },
  });
  return handles.map((handle) => {
    // It begins with the length of a UNICODE_STRING.
    const info = new Uint16Array(512);
    const { NtQueryObject } = ntdll.symbols;
    assertEquals(
      NtQueryObject(handle, OBJECT_NAME_INFORMATION, info, info.byteLength, 0n),
      0,
    );
    return info[0]!;
  });
}

Deno.test("listenRing() shares objects that have no names", async () => {
  const name = randomName();
  using listener = listenRing(name);
  await using client = await connectPipe(listener.path, { mode: "messages", ...soon });
  await client.write(hello(Deno.pid), soon);
  const { rings } = RingOffer.read((await client.readMessage(soon))!);
  const handles = rings.flatMap(({ memory, data, space }) => [memory, data, space]);
  assertEquals(nameLengthsOf(handles), [0, 0, 0, 0, 0, 0]);
  using named = SharedMemory.create(`Local\\${name}`, 4096);
  assert(nameLengthsOf([named.unsafeHandle])[0]! >= 2 * name.length);
});

Deno.test("connectRing() checks every handle that a server offers", async () => {
  const name = randomName();
  using pipe = listenPipe({ name, mode: "messages" });
  using memory = SharedMemory.anonymous(4096);
  const start = {
    magic: HANDSHAKE_MAGIC,
    version: HANDSHAKE_VERSION,
    kind: HANDSHAKE_KINDS.offer,
    pid: Deno.pid,
    reserved: 0,
  };
  for (const handle of [0n, 7n, 0xffff_ffff_ffff_ffffn, memory.unsafeHandle]) {
    const ring = { memory: handle, size: 4096n, data: handle, space: handle };
    const bytes = new Uint8Array(RingOffer.byteLength);
    RingOffer.write(bytes, { start, rings: [ring, ring] });
    const serving = (async () => {
      await using connection = await pipe.accept(soon);
      await connection.readMessage(soon);
      await connection.write(bytes, soon);
      assertEquals(await connection.readMessage(soon), null);
    })();
    const isOwn = handle === memory.unsafeHandle;
    const [fault, text] = isOwn
      ? [Deno.errors.BadResource, "it belongs to this script"]
      : [Deno.errors.ConnectionReset, `the server has closed handle ${handle}`];
    await assertRejects(() => connectRing(name, soon), fault, text);
    await serving;
  }
  assert(!memory.closed);
});

Deno.test("connectRing() closes no handle that a server offers, also if the server gives up", async () => {
  const name = randomName();
  using pipe = listenPipe({ name, mode: "messages" });
  /** Returns how connectRing() ends: the name of its error, or that it has accepted the offer. */
  const offerOnce = async (isValid: boolean): Promise<string> => {
    using offer = offerTo(Deno.pid, isValid);
    const serving = (async () => {
      await using connection = await pipe.accept(soon);
      await connection.readMessage(soon);
      await connection.write(offer.bytes, soon);
      if (!isValid) assertEquals(await connection.readMessage(soon), null);
    })();
    const outcome = await connectRing(name, soon).catch((error: Error) => error);
    await serving;
    if (!(outcome instanceof Error)) {
      outcome.close();
      return "accepted";
    }
    assertEquals(offer.revoke(), [true, true, true, true, true, true]);
    return outcome.name;
  };
  assertEquals(await offerOnce(false), "InvalidData");
  let outcome = "accepted";
  // The client can accept before the server has closed its end. Then the handles are the client's.
  for (let attempt = 0; attempt < 100 && outcome === "accepted"; attempt++) {
    outcome = await offerOnce(true);
  }
  assertEquals(outcome, "ConnectionReset");
});

Deno.test("listenRing() refuses a client that accepts without its places in the channels", async () => {
  const name = randomName();
  using listener = listenRing(name);
  await using client = await connectPipe(name, { mode: "messages", ...soon });
  await client.write(hello(Deno.pid), soon);
  assertEquals((await client.readMessage(soon))?.length, RingOffer.byteLength);
  await client.write(hello(Deno.pid, HANDSHAKE_KINDS.accept), soon);
  assertEquals(await client.readMessage(soon), null);
  await assertRejects(() => listener.accept({ timeout: 0 }), Deno.errors.TimedOut);
});

Deno.test("listenRing() takes the handles back if the client does not accept them", async () => {
  const name = randomName();
  using _listener = listenRing(name, { capacity: 1024 });
  await assertLeavesNoHandle(20, async () => {
    await using client = await connectPipe(name, { mode: "messages", ...soon });
    await client.write(hello(Deno.pid), soon);
    const offer = await client.readMessage(soon);
    assertEquals(offer?.length, RingOffer.byteLength);
  });
});

Deno.test("RingConnection.close() lets the peer read all messages, and leaves no handle", async () => {
  const name = randomName();
  using listener = listenRing(name, { capacity: 1024 });
  await assertLeavesNoHandle(20, async () => {
    const [client, server] = await pair(listener, name);
    await client.sender.send(Uint8Array.of(1, 2, 3), soon);
    client.close();
    client.close();
    assertEquals(await server.receiver.receive(soon), Uint8Array.of(1, 2, 3));
    assertEquals(await server.receiver.receive(soon), undefined);
    server.close();
  });
});

Deno.test("RingConnection.readable and writable carry messages as streams", async () => {
  const name = randomName();
  using listener = listenRing(name);
  const [client, server] = await pair(listener, name);
  const echoed = server.readable.pipeTo(server.writable);
  const texts = ["one", "two", "three"];
  const encoder = new TextEncoder();
  await ReadableStream.from(texts.map((text) => encoder.encode(text))).pipeTo(client.writable);
  const received: string[] = [];
  for await (const bytes of client.readable) received.push(new TextDecoder().decode(bytes));
  assertEquals(received, texts);
  await echoed;
  client.close();
  server.close();
});

Deno.test("listenRing() serves other clients while one does not say hello", async () => {
  const name = randomName();
  using listener = listenRing(name);
  await using silent = await connectPipe(name, { mode: "messages", ...soon });
  const since = performance.now();
  const [client, server] = await pair(listener, name);
  const took = performance.now() - since;
  assert(took < 4000, `The client waited ${took} ms for the silent one`);
  client.close();
  server.close();
  listener.close();
  assertEquals(await silent.readMessage(soon), null);
  await untilNoWait();
});

Deno.test("listenRing() drops a client that does not say hello within 5 seconds", async () => {
  const name = randomName();
  using _listener = listenRing(name);
  await using silent = await connectPipe(name, { mode: "messages", ...soon });
  assertEquals(await silent.readMessage(soon), null);
  await untilNoWait();
});

Deno.test("RingListener.accept() waits with timeout and signal, and ends with the listener", async () => {
  const name = randomName();
  const listener = listenRing(name);
  await assertRejects(() => listener.accept({ timeout: 10 }), Deno.errors.TimedOut, name);
  const reason = new Error("enough");
  const controller = new AbortController();
  const aborted = listener.accept({ signal: controller.signal });
  controller.abort(reason);
  assertEquals(await aborted.catch((error) => error), reason);

  const waiting = listener.accept();
  const iterated = Array.fromAsync(listener);
  listener.close();
  listener.close();
  await assertRejects(() => waiting, Deno.errors.BadResource, name);
  assertEquals(await iterated, []);
  await assertRejects(() => listener.accept(), Deno.errors.BadResource);
  await assertRejects(() => connectRing(name), Deno.errors.NotFound);
});

Deno.test("RingListener.accept() throws if this process has no resources for the next client", async () => {
  const name = randomName();
  const peer = "channel/ring/peers/idle_connections.ts";
  // Without threads, the server has 16 waits and a few of the pool at most.
  const [lines] = await Promise.all([
    runPeer(peer, ["serve", name]),
    runPeer(peer, ["connect", name], { stderr: "null" }),
  ]);
  assertEquals(lines, ["There is no thread"]);
});

Deno.test("listenRing() is closed by its signal", async () => {
  const name = randomName();
  const controller = new AbortController();
  const listener = listenRing(name, { signal: controller.signal });
  controller.abort();
  await assertRejects(() => listener.accept(), Deno.errors.BadResource);
  assertThrows(() => listenRing(name, { signal: controller.signal }), DOMException);
});

Deno.test("RingListener.close() frees the name at once, also during a handshake", async () => {
  const name = randomName();
  for (const sendsHello of [false, true]) {
    const listener = listenRing(name);
    await using client = await connectPipe(name, { mode: "messages", ...soon });
    if (sendsHello) {
      await client.write(hello(Deno.pid), soon);
      await client.readMessage(soon);
    }
    listener.close();
    listenRing(name).close();
    assertEquals(await client.readMessage(soon), null);
  }
  await untilNoWait();
});

Deno.test("listenRing() throws AlreadyExists if another server has the name", () => {
  const name = randomName();
  using _listener = listenRing(name);
  assertThrows(() => listenRing(name), Deno.errors.AlreadyExists, name);
  assertThrows(() => listenPipe({ name }), Deno.errors.AlreadyExists, name);
});

Deno.test("RingConnection.peer names the process at the other end", async () => {
  const name = randomName();
  using listener = listenRing(name);
  const [client, server] = await pair(listener, name);
  using _client = client;
  using _server = server;
  assertEquals([client.peer.pid, server.peer.pid], [Deno.pid, Deno.pid]);
});

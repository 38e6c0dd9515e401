/**
 * A connection of two channels, one for each direction, and the client that makes one. By a
 * handshake, a client and a server share the channels without names. The messages of the handshake
 * go through a pipe:
 *
 * 1. The client says hello, with its process id.
 * 2. The server creates both channels, puts their handles into the client's process, and offers
 *    them.
 * 3. The client duplicates the handles, takes its places in both channels, and accepts.
 * 4. The server closes the handles that it has put into the client's process, and the pipe.
 *
 * The client never closes a handle that is offered. The server may have closed the handle before,
 * and the value can then belong to another object of the client's process.
 *
 * The layouts are in docs/wire_formats.md. A C program uses `winipc_ring_connect()` of the generated
 * header.
 *
 * @module
 */

import { Handle, isOwned, Uncloneable } from "../../../ffi/handle.ts";
import type { DuplicatedHandle } from "../../../ffi/process_thread.ts";
import { adoptSection } from "../../memory/handles.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { openPeerOf, type PipeConnection } from "../../pipe/connection.ts";
import { array, struct, type ValueOf } from "../../struct/mod.ts";
import { SharedEvent } from "../../sync/mod.ts";
import { deadlineAfter, timeLeft, type WaitOptions } from "../../wait/options.ts";
import {
  type AnyChannel,
  anyChannelFromParts,
  hadOwner,
  partsOf,
  type RingChannel,
} from "./channel.ts";
import { type AnyMessage, MESSAGE_CHECKS, type MessageOption } from "../peer/memory.ts";
import { RECEIVER, SENDER } from "./layout.ts";
import { assertOptions, type OptionChecks, pickOptions } from "../../../ffi/arguments.ts";
import { CONNECT_CHECKS } from "../../pipe/connect.ts";
import { connectPipe, type ConnectPipeOptions, type PipePeer } from "../../pipe/mod.ts";
import { readableFrom, type RingReceiver } from "./receiver.ts";
import { type RingChunk, type RingSender, writableTo } from "./sender.ts";

/** The letters WIPH, little-endian: the first word of each message. */
export const HANDSHAKE_MAGIC = 0x4850_4957;
/** The version of the handshake. */
export const HANDSHAKE_VERSION = 1;
/** The kinds of messages, in their order. */
export const HANDSHAKE_KINDS = { hello: 1, offer: 2, accept: 3 } as const;

/** A kind of message of the handshake. */
type Kind = keyof typeof HANDSHAKE_KINDS;

/** The start of each message. Hello and accept consist of nothing else. */
export const HandshakeStart = struct({
  magic: "u32",
  version: "u16",
  kind: "u16",
  pid: "u32",
  reserved: "u32",
});

/** The handles of a channel, as values in the client's process, and the memory's size in bytes. */
const OfferedRing = struct({ memory: "u64", size: "u64", data: "u64", space: "u64" });

/** The message that offers both channels: first the one to the server, then the one to the client. */
export const RingOffer = struct({ start: HandshakeStart, rings: array(OfferedRing, 2) });

/** The two channels of a connection. */
export interface RingPair {
  /** The channel from the client to the server. */
  toServer: AnyChannel;
  /** The channel from the server to the client. */
  toClient: AnyChannel;
}

/** Maximum length of a message of the handshake, in bytes. */
export const MAX_HANDSHAKE_MESSAGE: number = RingOffer.byteLength;

/**
 * Offers two channels to a client. Before it returns or throws, it closes the handles that it has
 * put into the client's process.
 *
 * @param pipe The server's end of the pipe.
 * @throws {Deno.errors.InvalidData} If the client does not follow the handshake, or is not the
 *   process that Windows has noted, or has taken no places.
 * @throws {Deno.errors.ConnectionReset} If the client has gone.
 */
export async function offerRings(
  pipe: PipeConnection,
  { toServer, toClient }: RingPair,
  options: WaitOptions,
): Promise<void> {
  const { pid } = await readMessage(pipe, "hello", options);
  if (pid !== pipe.peer.pid) {
    throw new Deno.errors.InvalidData(
      `Cannot share channels with process ${pid}: process ${pipe.peer.pid} has opened the pipe`,
    );
  }
  // While it is open, no other process can get the id.
  using _process = openPeerOf(pipe);
  using offered = new Offered(pid);
  const bytes = new Uint8Array(RingOffer.byteLength);
  RingOffer.write(bytes, {
    start: startOf("offer"),
    rings: [offered.put(toServer), offered.put(toClient)],
  });
  await send(pipe, "offer", bytes, options);
  await readMessage(pipe, "accept", options);
  // The server would never learn that a client without places has ended.
  if (hadOwner(toServer, SENDER) && hadOwner(toClient, RECEIVER)) return;
  throw new Deno.errors.InvalidData(
    `Cannot share channels with process ${pid}: it has accepted, but has not taken its places`,
  );
}

/**
 * Takes the two channels that a server offers. The client must take its places in them, and then
 * call {@linkcode acceptRings}.
 *
 * @param pipe The client's end of the pipe.
 * @param options The limits of each wait, and the layout of the messages of both channels.
 * @throws {Deno.errors.InvalidData} If the server does not follow the handshake, or its messages
 *   have another layout.
 * @throws {Deno.errors.ConnectionReset} If the server has gone.
 */
export async function takeRings(
  pipe: PipeConnection,
  { wait, form }: { wait: WaitOptions; form: AnyMessage },
): Promise<RingPair> {
  await send(pipe, "hello", message("hello"), wait);
  const { bytes } = await readMessage(pipe, "offer", wait);
  using stack = new DisposableStack();
  const { rings } = RingOffer.read(bytes);
  const toServer = stack.use(adopt(rings[0]!, pipe.path, form));
  const toClient = stack.use(adopt(rings[1]!, pipe.path, form));
  stack.move();
  return { toServer, toClient };
}

/**
 * Tells the server that the client has taken its places in both channels.
 *
 * @throws {Deno.errors.ConnectionReset} If the server has gone.
 */
export async function acceptRings(pipe: PipeConnection, options: WaitOptions): Promise<void> {
  await send(pipe, "accept", message("accept"), options);
}

/** The handles that were put into the client's process, until the handshake is over. */
class Offered implements Disposable {
  readonly #pid: number;
  readonly #handles: DuplicatedHandle[] = [];

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Puts the handles of a channel into the process. */
  put(channel: AnyChannel): ValueOf<typeof OfferedRing> {
    const { memory, data, space } = partsOf(channel);
    const put = (object: { duplicateTo(pid: number): DuplicatedHandle }) => {
      const handle = object.duplicateTo(this.#pid);
      this.#handles.push(handle);
      return handle.value;
    };
    const size = BigInt(memory.byteLength);
    return { memory: put(memory), size, data: put(data), space: put(space) };
  }

  /** Closes the handles in the client's process. */
  [Symbol.dispose](): void {
    using stack = new DisposableStack();
    for (const handle of this.#handles) stack.defer(() => handle.revoke());
  }
}

function adopt(
  { memory, size, data, space }: ValueOf<typeof OfferedRing>,
  path: string,
  form: AnyMessage,
): AnyChannel {
  using stack = new DisposableStack();
  const label = `channel of the pipe "${path}"`;
  const expected = { byteLength: Number(size), access: "readwrite" } as const;
  const event = (value: bigint) => SharedEvent.fromHandle(value, { access: "modify" });
  const section = (value: bigint) =>
    sharedMemoryOver(adoptSection(value, expected, label), undefined, false);
  const parts = {
    data: stack.use(ownCopyOf(data, label, event)),
    space: stack.use(ownCopyOf(space, label, event)),
    memory: stack.use(ownCopyOf(memory, label, section)),
  };
  stack.move();
  try {
    return anyChannelFromParts(parts, form);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // For the caller, NotFound would mean that there is no server.
    throw new Deno.errors.InvalidData(
      `Cannot take the ${label}: the server offers memory without a channel`,
    );
  }
}

/** Duplicates an offered handle, and takes over the duplicate. */
function ownCopyOf<T>(offered: bigint, label: string, adopt: (value: bigint) => T): T {
  if (isOwned(offered)) {
    throw new Deno.errors.BadResource(
      `Cannot take handle ${offered} of the ${label}: it belongs to this script, not to the server`,
    );
  }
  const value = duplicateOf(offered, label).release();
  try {
    return adopt(value);
  } catch (error) {
    new Handle(value, label).close();
    throw error;
  }
}

/** Duplicates an offered handle. The server may have closed the handle before. */
function duplicateOf(offered: bigint, label: string): Handle {
  try {
    return Handle.duplicateOf(offered, label);
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
    throw new Deno.errors.ConnectionReset(
      `Cannot take the ${label}: the server has closed handle ${offered}, which it had offered; it ` +
        "gives up a client that is slow",
      { cause: error },
    );
  }
}

function startOf(kind: Kind) {
  return {
    magic: HANDSHAKE_MAGIC,
    version: HANDSHAKE_VERSION,
    kind: HANDSHAKE_KINDS[kind],
    pid: Deno.pid,
    reserved: 0,
  };
}

function message(kind: Kind): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HandshakeStart.byteLength);
  HandshakeStart.write(bytes, startOf(kind));
  return bytes;
}

async function send(
  pipe: PipeConnection,
  kind: Kind,
  bytes: Uint8Array,
  options: WaitOptions,
): Promise<void> {
  try {
    await pipe.write(bytes, options);
  } catch (error) {
    throw error instanceof Deno.errors.BrokenPipe ? resetBefore(pipe, kind) : error;
  }
}

function resetBefore({ path }: PipeConnection, kind: Kind): Deno.errors.ConnectionReset {
  return new Deno.errors.ConnectionReset(
    `Cannot share channels over the pipe "${path}": the peer has closed the pipe before the ` +
      `message "${kind}"`,
  );
}

/** Reads a message of the handshake, and checks its kind and length. */
async function readMessage(
  pipe: PipeConnection,
  kind: Kind,
  options: WaitOptions,
): Promise<{ pid: number; bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = await pipe.readMessage(options);
  if (bytes === null) throw resetBefore(pipe, kind);
  const expected = kind === "offer" ? RingOffer.byteLength : HandshakeStart.byteLength;
  const start = bytes.length === expected ? HandshakeStart.read(bytes) : undefined;
  if (
    start?.magic !== HANDSHAKE_MAGIC || start.version !== HANDSHAKE_VERSION ||
    start.kind !== HANDSHAKE_KINDS[kind]
  ) {
    throw new Deno.errors.InvalidData(
      `Cannot share channels over the pipe "${pipe.path}": expected the message "${kind}" of ` +
        `version ${HANDSHAKE_VERSION}, got ${bytes.length} other bytes; both ends must use ` +
        "listenRing() and connectRing()",
    );
  }
  return { pid: start.pid, bytes };
}

/** Options of {@linkcode connectRing}; see {@linkcode ConnectPipeOptions}. */
export interface ConnectRingOptions
  extends Omit<ConnectPipeOptions, "mode" | "emptyMessage" | "maxMessageLength"> {}

/** The checks of {@linkcode ConnectRingOptions}. */
export const CONNECT_RING_CHECKS: OptionChecks<ConnectRingOptions> = {
  timeout: CONNECT_CHECKS.timeout,
  signal: CONNECT_CHECKS.signal,
  waitForServer: CONNECT_CHECKS.waitForServer,
  impersonation: CONNECT_CHECKS.impersonation,
  server: CONNECT_CHECKS.server,
};

/** The parts of a connection. */
export interface RingConnectionParts<
  Value = Uint8Array<ArrayBuffer>,
  Input = never,
  View = never,
> {
  /** The pipe's path, for messages. */
  path: string;
  /** The process at the other end. */
  peer: PipePeer;
  /** The channel to the peer. The connection closes it. */
  outgoing: RingChannel<Value, Input, View>;
  /** The channel from the peer. The connection closes it. */
  incoming: RingChannel<Value, Input, View>;
  /** Called once, when the connection is closed. */
  onClose?: () => void;
}

/** Makes a connection of two channels. It closes them if that fails. */
export let ringConnectionOver: <Value, Input, View>(
  parts: RingConnectionParts<Value, Input, View>,
) => RingConnection<Value, Input, View>;

/** A connection of any type. */
export type AnyConnection = RingConnection<unknown, unknown, unknown>;

/**
 * A connection of two processes through shared memory: a {@linkcode RingChannel} in each direction.
 *
 * The channels have no names, so no other process can open them. If the peer's process ends without
 * closing its connection, the receiver throws `ConnectionReset`, and the sender `BrokenPipe`.
 *
 * @typeParam Value The type of a received message: bytes, or the value of the option `message`.
 * @typeParam Input The type of values to write; `never` without the option `message`.
 * @typeParam View The type of a view of a message; `never` without the option `message`.
 *
 * @example Ask a server
 * ```ts
 * import { connectRing, listenRing, type RingConnection } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenRing("docs of RingConnection");
 * const accepted = listener.accept();
 * // In practice, the client is another process.
 * using client: RingConnection = await connectRing("docs of RingConnection");
 * using server = await accepted;
 *
 * await client.sender.sendValue({ question: "Are you there?" });
 * assertEquals((await server.receiver.receiveValue())?.value, { question: "Are you there?" });
 * await server.sender.sendValue("Yes");
 * assertEquals((await client.receiver.receiveValue())?.value, "Yes");
 * ```
 */
export class RingConnection<Value = Uint8Array<ArrayBuffer>, Input = never, View = never>
  extends Uncloneable
  implements Disposable {
  /** Sends messages to the peer. */
  readonly sender: RingSender<Input>;
  /** Receives messages from the peer. */
  readonly receiver: RingReceiver<Value, View>;
  /** The process at the other end. */
  readonly peer: PipePeer;
  readonly #parts: RingConnectionParts<Value, Input, View>;
  #isClosed = false;
  #readable: ReadableStream<Value> | undefined;
  #writable: WritableStream<RingChunk<Input>> | undefined;

  static {
    ringConnectionOver = (parts) => new RingConnection(parts);
  }

  private constructor(parts: RingConnectionParts<Value, Input, View>) {
    super();
    using stack = new DisposableStack();
    stack.use(parts.outgoing);
    stack.use(parts.incoming);
    this.sender = parts.outgoing.sender();
    this.receiver = parts.incoming.receiver();
    this.peer = parts.peer;
    this.#parts = parts;
    stack.move();
  }

  /** The messages of the peer as a stream. */
  get readable(): ReadableStream<Value> {
    return this.#readable ??= readableFrom(this.receiver);
  }

  /**
   * A stream to the peer. Each chunk is a message: bytes, or a value of the option `message`. A
   * write waits for room in the ring.
   */
  get writable(): WritableStream<RingChunk<Input>> {
    return this.#writable ??= writableTo(this.sender);
  }

  /**
   * Closes both channels. The peer still receives all messages, and then the end.
   *
   * @throws {Deno.errors.Busy} If a script transferred the buffer of an end's `ring`; see
   *   {@linkcode RingChannel.close}.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    using stack = new DisposableStack();
    stack.defer(() => this.#parts.onClose?.());
    stack.use(this.#parts.outgoing);
    stack.use(this.#parts.incoming);
  }

  /** Closes the connection at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Connects to a server of `listenRing`. Client and server then share two channels.
 *
 * @example Send lines to a server
 * ```ts
 * import { connectRing, listenRing } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenRing("docs of connectRing");
 * const accepted = listener.accept();
 * const client = await connectRing("docs of connectRing", { timeout: 5000 });
 * using server = await accepted;
 *
 * for (const line of ["one", "two"]) await client.sender.send(new TextEncoder().encode(line));
 * client.close();
 * const lines: string[] = [];
 * for await (const bytes of server.receiver) lines.push(new TextDecoder().decode(bytes));
 * assertEquals(lines, ["one", "two"]);
 * ```
 *
 * @param name The server's name, such as `calculator`, or the path of its pipe.
 * @throws {Deno.errors.NotFound} If there is no such server, and `waitForServer` is not set.
 * @throws {Deno.errors.PermissionDenied} If the server does not let this user in, or is not the
 *   trusted one.
 * @throws {Deno.errors.InvalidData} If the pipe of this name belongs to another kind of server, or
 *   its messages have another layout.
 * @throws {Deno.errors.ConnectionReset} If the server was closed during the handshake, or has given
 *   up this client: a server waits 5 s for each message of the handshake.
 * @throws {Deno.errors.TimedOut} If the server did not answer in time.
 * @throws {TypeError} If the name or an option is invalid.
 */
export function connectRing<Value, Input, View>(
  name: string,
  options: ConnectRingOptions & MessageOption<Value, Input, View>,
): Promise<RingConnection<Value, Input, View>>;
/** Connects to a server of `listenRing`, for bytes and cloned values. */
export function connectRing(name: string, options?: ConnectRingOptions): Promise<RingConnection>;
export async function connectRing(
  name: string,
  options: ConnectRingOptions & AnyMessage = {},
): Promise<AnyConnection> {
  assertOptions(options, { ...MESSAGE_CHECKS, ...CONNECT_RING_CHECKS });
  const { timeout = Infinity, signal, message } = options;
  const deadline = deadlineAfter(timeout);
  const picked = pickOptions(options, CONNECT_CHECKS);
  const maxMessageLength = MAX_HANDSHAKE_MESSAGE;
  const pipe = await connectPipe(name, { ...picked, mode: "messages", maxMessageLength });
  try {
    const wait = () => ({
      timeout: Math.ceil(timeLeft(deadline)),
      ...(signal && { signal }),
    });
    const form = message === undefined ? {} : { message };
    const rings = await takeRings(pipe, { wait: wait(), form });
    const { path, peer } = pipe;
    using stack = new DisposableStack();
    const connection = stack.use(ringConnectionOver({
      path,
      peer,
      outgoing: rings.toServer,
      incoming: rings.toClient,
    }));
    await acceptRings(pipe, wait());
    stack.move();
    return connection;
  } finally {
    pipe.close();
  }
}

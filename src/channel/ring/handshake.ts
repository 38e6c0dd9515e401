/**
 * The handshake by which a client and a server share two channels without names. Its messages go
 * through a pipe:
 *
 * 1. The client says hello, with its process id.
 * 2. The server creates both channels, puts their handles into the client's process, and offers
 *    them.
 * 3. The client takes the handles, and accepts. The pipe is then closed.
 *
 * The layouts are in docs/wire_formats.md. A C program uses `winipc_ring_connect()` of the generated
 * header.
 *
 * @module
 */

import type { DuplicatedHandle } from "../../../ffi/process_thread.ts";
import { adoptSection } from "../../memory/handles.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { openPeerOf, type PipeConnection } from "../../pipe/connection.ts";
import { array, struct, type ValueOf } from "../../struct/mod.ts";
import { SharedEvent } from "../../sync/mod.ts";
import type { WaitOptions } from "../../wait/options.ts";
import { channelFromParts, partsOf, type RingChannel } from "./channel.ts";

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
  toServer: RingChannel;
  /** The channel from the server to the client. */
  toClient: RingChannel;
}

/** Maximum length of a message of the handshake, in bytes. */
export const MAX_HANDSHAKE_MESSAGE: number = RingOffer.byteLength;

/**
 * Offers two channels to a client. Until the client accepts, the server can take the handles back,
 * and does so if this function throws.
 *
 * @param pipe The server's end of the pipe.
 * @throws {Deno.errors.InvalidData} If the client does not follow the handshake, or is not the
 *   process that Windows has noted.
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
  await pipe.write(bytes, options);
  await readMessage(pipe, "accept", options);
  offered.keep();
}

/**
 * Takes the two channels that a server offers.
 *
 * @param pipe The client's end of the pipe.
 * @throws {Deno.errors.InvalidData} If the server does not follow the handshake.
 * @throws {Deno.errors.ConnectionReset} If the server has gone.
 */
export async function takeRings(pipe: PipeConnection, options: WaitOptions): Promise<RingPair> {
  await pipe.write(message("hello"), options);
  const { bytes } = await readMessage(pipe, "offer", options);
  using stack = new DisposableStack();
  const { rings } = RingOffer.read(bytes);
  const toServer = stack.use(adopt(rings[0]!, pipe.path));
  const toClient = stack.use(adopt(rings[1]!, pipe.path));
  await pipe.write(message("accept"), options);
  stack.move();
  return { toServer, toClient };
}

/** The handles that were put into the client's process. */
class Offered implements Disposable {
  readonly #pid: number;
  #handles: DuplicatedHandle[] = [];

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Puts the handles of a channel into the process. */
  put(channel: RingChannel): ValueOf<typeof OfferedRing> {
    const { memory, data, space } = partsOf(channel);
    const put = (object: { duplicateTo(pid: number): DuplicatedHandle }) => {
      const handle = object.duplicateTo(this.#pid);
      this.#handles.push(handle);
      return handle.value;
    };
    const size = BigInt(memory.byteLength);
    return { memory: put(memory), size, data: put(data), space: put(space) };
  }

  /** Leaves the handles to the client. */
  keep(): void {
    for (const handle of this.#handles) handle.close();
    this.#handles = [];
  }

  /** Takes the handles back. */
  [Symbol.dispose](): void {
    using stack = new DisposableStack();
    for (const handle of this.#handles) stack.defer(() => handle.revoke());
  }
}

function adopt(
  { memory, size, data, space }: ValueOf<typeof OfferedRing>,
  path: string,
): RingChannel {
  using stack = new DisposableStack();
  const label = `channel of the pipe "${path}"`;
  const expected = { byteLength: Number(size), access: "readwrite" } as const;
  const event = (handle: bigint) => stack.use(SharedEvent.fromHandle(handle, { access: "modify" }));
  const parts = {
    data: event(data),
    space: event(space),
    memory: stack.use(sharedMemoryOver(adoptSection(memory, expected, label), undefined, false)),
  };
  stack.move();
  return channelFromParts(parts);
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

/** Reads a message of the handshake, and checks its kind and length. */
async function readMessage(
  pipe: PipeConnection,
  kind: Kind,
  options: WaitOptions,
): Promise<{ pid: number; bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = await pipe.readMessage(options);
  if (bytes === null) {
    throw new Deno.errors.ConnectionReset(
      `Cannot share channels over the pipe "${pipe.path}": the peer has closed the pipe before ` +
        `its message "${kind}"`,
    );
  }
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

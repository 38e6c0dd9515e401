/**
 * The handshake by which a client and a server share two channels without names. Its messages go
 * through a pipe:
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

import { Handle, isOwned } from "../../../ffi/handle.ts";
import type { DuplicatedHandle } from "../../../ffi/process_thread.ts";
import { adoptSection } from "../../memory/handles.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { openPeerOf, type PipeConnection } from "../../pipe/connection.ts";
import { array, struct, type ValueOf } from "../../struct/mod.ts";
import { SharedEvent } from "../../sync/mod.ts";
import type { WaitOptions } from "../../wait/options.ts";
import { channelFromParts, hadOwner, partsOf, type RingChannel } from "./channel.ts";
import { RECEIVER, SENDER } from "./layout.ts";

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
 * @throws {Deno.errors.InvalidData} If the server does not follow the handshake.
 * @throws {Deno.errors.ConnectionReset} If the server has gone.
 */
export async function takeRings(pipe: PipeConnection, options: WaitOptions): Promise<RingPair> {
  await send(pipe, "hello", message("hello"), options);
  const { bytes } = await readMessage(pipe, "offer", options);
  using stack = new DisposableStack();
  const { rings } = RingOffer.read(bytes);
  const toServer = stack.use(adopt(rings[0]!, pipe.path));
  const toClient = stack.use(adopt(rings[1]!, pipe.path));
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

  /** Closes the handles in the client's process. */
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
    return channelFromParts(parts);
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
  const value = Handle.duplicateOf(offered, label).release();
  try {
    return adopt(value);
  } catch (error) {
    new Handle(value, label).close();
    throw error;
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

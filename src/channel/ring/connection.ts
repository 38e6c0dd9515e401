/**
 * A connection of two channels, one for each direction, and the client that makes one.
 *
 * @module
 */

import {
  assertOptions,
  type ByteSource,
  type OptionChecks,
  pickOptions,
} from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { CONNECT_CHECKS } from "../../pipe/connect.ts";
import { connectPipe, type ConnectPipeOptions, type PipePeer } from "../../pipe/mod.ts";
import { deadlineAfter, timeLeft } from "../../wait/options.ts";
import type { RingChannel } from "./channel.ts";
import { acceptRings, MAX_HANDSHAKE_MESSAGE, takeRings } from "./handshake.ts";
import type { RingReceiver } from "./receiver.ts";
import type { RingSender } from "./sender.ts";
import { readableFrom, writableTo } from "./streams.ts";

/** Options of {@linkcode connectRing}; see {@linkcode ConnectPipeOptions}. */
export interface ConnectRingOptions
  extends Omit<ConnectPipeOptions, "mode" | "emptyMessage" | "maxMessageLength"> {}

const CONNECT_RING_CHECKS: OptionChecks<ConnectRingOptions> = {
  timeout: CONNECT_CHECKS.timeout,
  signal: CONNECT_CHECKS.signal,
  waitForServer: CONNECT_CHECKS.waitForServer,
  impersonation: CONNECT_CHECKS.impersonation,
  server: CONNECT_CHECKS.server,
};

/** The parts of a connection. */
export interface RingConnectionParts {
  /** The pipe's path, for messages. */
  path: string;
  /** The process at the other end. */
  peer: PipePeer;
  /** The channel to the peer. The connection closes it. */
  outgoing: RingChannel;
  /** The channel from the peer. The connection closes it. */
  incoming: RingChannel;
  /** Called once, when the connection is closed. */
  onClose?: () => void;
}

/** Makes a connection of two channels. It closes them if that fails. */
export let ringConnectionOver: (parts: RingConnectionParts) => RingConnection;

/**
 * A connection of two processes through shared memory: a {@linkcode RingChannel} in each direction.
 *
 * The channels have no names, so no other process can open them. If the peer's process ends without
 * closing its connection, the receiver throws `ConnectionReset`, and the sender `BrokenPipe`.
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
export class RingConnection extends Uncloneable implements Disposable {
  /** Sends messages to the peer. */
  readonly sender: RingSender;
  /** Receives messages from the peer. */
  readonly receiver: RingReceiver;
  /** The process at the other end. */
  readonly peer: PipePeer;
  readonly #parts: RingConnectionParts;
  #isClosed = false;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<ByteSource> | undefined;

  static {
    ringConnectionOver = (parts) => new RingConnection(parts);
  }

  private constructor(parts: RingConnectionParts) {
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
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= readableFrom(this.receiver);
  }

  /** A stream to the peer. Each chunk is a message. A write waits for room in the ring. */
  get writable(): WritableStream<ByteSource> {
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
 * @throws {Deno.errors.InvalidData} If the pipe of this name belongs to another kind of server.
 * @throws {Deno.errors.ConnectionReset} If the server was closed during the handshake.
 * @throws {Deno.errors.TimedOut} If the server did not answer in time.
 * @throws {TypeError} If the name or an option is invalid.
 */
export async function connectRing(
  name: string,
  options: ConnectRingOptions = {},
): Promise<RingConnection> {
  assertOptions(options, CONNECT_RING_CHECKS);
  const { timeout = Infinity, signal } = options;
  const deadline = deadlineAfter(timeout);
  const picked = pickOptions(options, CONNECT_RING_CHECKS);
  const maxMessageLength = MAX_HANDSHAKE_MESSAGE;
  const pipe = await connectPipe(name, { ...picked, mode: "messages", maxMessageLength });
  try {
    const wait = () => ({
      timeout: Math.ceil(timeLeft(deadline)),
      ...(signal && { signal }),
    });
    const rings = await takeRings(pipe, wait());
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

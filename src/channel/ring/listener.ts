/**
 * A server that shares two channels with each client.
 *
 * @module
 */

import { anyValue, assertOptions, type OptionChecks, pickOptions } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { LISTEN_CHECKS } from "../../pipe/listener.ts";
import {
  listenPipe,
  type ListenPipeOptions,
  type PipeConnection,
  type PipeListener,
} from "../../pipe/mod.ts";
import type { WaitOptions } from "../../wait/options.ts";
import { AsyncQueue } from "../../wait/queue.ts";
import { type AnyMessage, MESSAGE_CHECKS, type MessageOption } from "../peer/memory.ts";
import { RING_CHANNEL_CHECKS, RingChannel, type RingChannelOptions, settle } from "./channel.ts";
import {
  MAX_HANDSHAKE_MESSAGE,
  offerRings,
  type RingConnection,
  ringConnectionOver,
} from "./connection.ts";

/** Options of {@linkcode listenRing}. */
export interface ListenRingOptions
  extends
    Pick<RingChannelOptions, "capacity" | "maxMessageLength" | "whenFull">,
    Pick<ListenPipeOptions, "security" | "packages" | "backlog" | "signal"> {}

/** The checks of {@linkcode ListenRingOptions}. */
export const LISTEN_RING_CHECKS: OptionChecks<ListenRingOptions> = {
  capacity: RING_CHANNEL_CHECKS.capacity,
  maxMessageLength: RING_CHANNEL_CHECKS.maxMessageLength,
  whenFull: RING_CHANNEL_CHECKS.whenFull,
  security: LISTEN_CHECKS.security,
  packages: LISTEN_CHECKS.packages,
  backlog: LISTEN_CHECKS.backlog,
  signal: LISTEN_CHECKS.signal,
};

/**
 * Time for a client to complete the handshake, in milliseconds, because a client that does nothing
 * must not hold its channels for ever.
 */
const MAX_HANDSHAKE = 5000;

/** Number of clients that can connect before `accept()` is called; see `listenPipe`. */
const BACKLOG = 4;

/**
 * Maximum number of handshakes at a time, so that clients that do nothing use a limited number of
 * channels. Other clients come in beside them.
 */
const MAX_HANDSHAKES = 64;

/** Returns whether an error of a handshake only concerns its client. */
function isOfClient(error: unknown): boolean {
  const { BrokenPipe, ConnectionReset, InvalidData, NotFound, PermissionDenied, TimedOut } =
    Deno.errors;
  return [BrokenPipe, ConnectionReset, InvalidData, NotFound, PermissionDenied, TimedOut].some(
    (fault) => error instanceof fault,
  );
}

let makeListener: <Value, Input, View>(
  listener: PipeListener,
  options: ListenRingOptions,
  create: () => RingChannel<Value, Input, View>,
) => RingListener<Value, Input, View>;

/**
 * Listens for clients, and shares two channels with each of them: one to the client and one from
 * the client. So a server can have any number of clients, each at the speed of memory.
 *
 * Clients connect to a named pipe, which is only used for the handshake. The channels have no names
 * that other programs could guess.
 *
 * @example Serve each client by a task of its own
 * ```ts
 * import { connectRing, listenRing, type RingConnection } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * async function double(connection: RingConnection) {
 *   using client = connection;
 *   for await (const message of client.receiver) {
 *     await client.sender.send(message.map((byte) => 2 * byte));
 *   }
 * }
 *
 * using listener = listenRing("docs of listenRing");
 * (async () => {
 *   // A client that dies must not end the server.
 *   for await (const client of listener) double(client).catch(console.error);
 * })();
 *
 * // In practice, the clients are other processes.
 * using client = await connectRing("docs of listenRing");
 * await client.sender.send(Uint8Array.of(1, 2, 3));
 * assertEquals(await client.receiver.receive(), Uint8Array.of(2, 4, 6));
 * ```
 *
 * @param name The server's name, such as `calculator`, or the path of its pipe.
 * @param options The options of the pipe and of the channels. Both channels of a client have the
 *   layout of the option `message`.
 * @throws {Deno.errors.AlreadyExists} If there is a pipe with this name.
 * @throws {TypeError} If the name or an option is invalid.
 * @throws {RangeError} If an option is out of range.
 */
export function listenRing<Value, Input, View>(
  name: string,
  options: ListenRingOptions & MessageOption<Value, Input, View>,
): RingListener<Value, Input, View>;
/** Listens for clients, and shares two channels for bytes and cloned values with each of them. */
export function listenRing(name: string, options?: ListenRingOptions): RingListener;
export function listenRing(
  name: string,
  options: ListenRingOptions & AnyMessage = {},
): RingListener | RingListener<unknown, unknown, unknown> {
  assertOptions(options, { ...MESSAGE_CHECKS, ...LISTEN_RING_CHECKS });
  settle(pickOptions(options, RING_CHANNEL_CHECKS));
  const { signal } = options;
  const picked = pickOptions(options, {
    security: anyValue,
    packages: anyValue,
    backlog: anyValue,
  });
  const listener = listenPipe({
    ...picked,
    ...(signal && { signal }),
    name,
    mode: "messages",
    maxMessageLength: MAX_HANDSHAKE_MESSAGE,
  });
  const settings = pickOptions(options, RING_CHANNEL_CHECKS);
  const { message } = options;
  return message === undefined
    ? makeListener(listener, options, () => RingChannel.anonymous(settings))
    : makeListener(listener, options, () => RingChannel.anonymous({ ...settings, message }));
}

/**
 * Listens for clients that share channels with this process.
 *
 * The open listener keeps the process alive. The connections outlive the listener.
 *
 * @typeParam Value The type of a received message: bytes, or the value of the option `message`.
 * @typeParam Input The type of values to write; `never` without the option `message`.
 * @typeParam View The type of a view of a message; `never` without the option `message`.
 *
 * @example Take one client
 * ```ts
 * import { connectRing, listenRing, type RingListener } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using listener: RingListener = listenRing("docs of RingListener");
 * const [server, client] = await Promise.all([
 *   listener.accept({ timeout: 5000 }),
 *   connectRing("docs of RingListener"),
 * ]);
 * assertEquals(server.peer.pid, Deno.pid);
 * client.close();
 * server.close();
 * ```
 */
export class RingListener<Value = Uint8Array<ArrayBuffer>, Input = never, View = never>
  extends Uncloneable
  implements AsyncIterable<RingConnection<Value, Input, View>>, Disposable {
  /** The path of the pipe by which clients connect: `\\.\pipe\x`. */
  readonly path: string;
  readonly #listener: PipeListener;
  readonly #backlog: number;
  /** Creates a channel for a client. */
  readonly #create: () => RingChannel<Value, Input, View>;
  readonly #ready: AsyncQueue<RingConnection<Value, Input, View> | { error: unknown }>;
  /** Ends the handshakes when the listener is closed. */
  readonly #closing = new AbortController();
  /** The pipes of the handshakes that are not over. */
  readonly #pipes = new Set<PipeConnection>();
  /** The number of connections and errors that `accept()` has not taken. */
  #waiting = 0;
  /** Resolves when a client has left the handshake, or `accept()` has taken a connection. */
  #left = Promise.withResolvers<void>();

  static {
    makeListener = (...args) => new RingListener(...args);
  }

  private constructor(
    listener: PipeListener,
    options: ListenRingOptions,
    create: () => RingChannel<Value, Input, View>,
  ) {
    super();
    this.path = listener.path;
    this.#listener = listener;
    this.#backlog = options.backlog ?? BACKLOG;
    this.#create = create;
    this.#ready = new AsyncQueue(
      (timeout) =>
        new Deno.errors.TimedOut(`Waited ${timeout} ms for a client of the pipe "${this.path}"`),
      { isHeld: false },
    );
    options.signal?.addEventListener("abort", () => this.close(), { signal: this.#closing.signal });
    void this.#run();
  }

  /**
   * Waits for the next client whose handshake is complete.
   *
   * A client that does not complete the handshake within 5 seconds is left out.
   *
   * @throws {Deno.errors.TimedOut} If no client came in time.
   * @throws {Error} If this process has no resources for the next client. The listener goes on.
   * @throws {Deno.errors.BadResource} If the listener is closed, also during the wait.
   */
  async accept(options: WaitOptions = {}): Promise<RingConnection<Value, Input, View>> {
    const connection = await this.#next(options);
    if (connection !== undefined) return connection;
    throw new Deno.errors.BadResource(`The listener of the pipe "${this.path}" is closed`);
  }

  /** Takes client after client, until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<RingConnection<Value, Input, View>> {
    for (let next; (next = await this.#next({})) !== undefined;) yield next;
  }

  /**
   * Stops listening, and frees the name. Connections that {@linkcode RingListener.accept} has
   * returned stay open.
   */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#listener.close();
    for (const pipe of this.#pipes) pipe.abort();
    this.#ready.end();
    for (const next of this.#ready.takeAll()) {
      if (!("error" in next)) next.close();
    }
    this.#left.resolve();
  }

  /** Makes the open listener keep the process alive, as it does by default. */
  ref(): void {
    this.#listener.ref();
  }

  /** Lets the process end while the listener is open. */
  unref(): void {
    this.#listener.unref();
  }

  /** Closes the listener at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Takes the next connection, or returns `undefined` if the listener is closed. */
  async #next(options: WaitOptions): Promise<RingConnection<Value, Input, View> | undefined> {
    const next = await this.#ready.take(options);
    if (next === undefined) return undefined;
    this.#waiting--;
    this.#leave();
    if ("error" in next) throw next.error;
    return next;
  }

  /** Lets clients in, but not more than fit into the backlog. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        void this.#shakeHands(await this.#listener.accept());
      } catch (error) {
        if (!signal.aborted) this.#put({ error });
      }
      while (this.#isFull && !signal.aborted) await this.#left.promise;
    }
  }

  get #isFull(): boolean {
    return this.#waiting >= this.#backlog || this.#pipes.size >= MAX_HANDSHAKES;
  }

  async #shakeHands(pipe: PipeConnection): Promise<void> {
    const { path, peer } = pipe;
    const { signal } = this.#closing;
    this.#pipes.add(pipe);
    try {
      using stack = new DisposableStack();
      const toClient = stack.use(this.#create());
      const toServer = stack.use(this.#create());
      // The connection takes its places first, so that the client finds a peer that is alive.
      const parts = { path, peer, outgoing: toClient, incoming: toServer };
      const connection = stack.use(ringConnectionOver(parts));
      await offerRings(pipe, { toServer, toClient }, { timeout: MAX_HANDSHAKE, signal });
      if (signal.aborted) return;
      stack.move();
      this.#put(connection);
    } catch (error) {
      // A client that left, or that does not know the handshake, is no concern of the others.
      if (!isOfClient(error) && !signal.aborted) this.#put({ error });
    } finally {
      pipe.close();
      this.#pipes.delete(pipe);
      this.#leave();
    }
  }

  #put(next: RingConnection<Value, Input, View> | { error: unknown }): void {
    this.#waiting++;
    this.#ready.put(next);
  }

  /** Lets the next client in, if the listener was full. */
  #leave(): void {
    this.#left.resolve();
    this.#left = Promise.withResolvers();
  }
}

/**
 * Bridges: routes between this machine's channels and the subjects of a NATS server.
 *
 * @module
 */

import {
  assertFunction,
  assertOptions,
  assertSignal,
  dropPromise,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { Uncloneable } from "../../ffi/handle.ts";
import { within } from "../wait/options.ts";
import { assertConnection, assertHeaders } from "./client_check.ts";
import type { NatsClient, NatsConnection } from "./nats.ts";
import { openRoute } from "./open_route.ts";
import type { Route } from "./route.ts";
import { RunningRoute } from "./running_route.ts";
import type { RouteStats } from "./stats.ts";

/** Options of {@linkcode bridge}. */
export interface BridgeOptions {
  /** Closes the bridge. */
  signal?: AbortSignal;
  /** Is called with the error that has ended a route. The other routes go on. */
  onError?: (error: unknown, stats: RouteStats) => void;
}

const BRIDGE_CHECKS: OptionChecks<BridgeOptions> = {
  signal: assertSignal,
  onError: assertFunction,
};

/**
 * Time in milliseconds that a closed bridge waits for the acknowledgement of what it has taken. A
 * server that is gone must not hold the script.
 */
const MAX_DRAIN = 5000;

/**
 * Carries messages between this computer's channels and a NATS server, so that scripts on several
 * computers can share them.
 *
 * A route at most once loses no message while the connection holds. It publishes no message twice,
 * also if this process is killed: a message leaves its ring before it is published. While the server
 * is away, a route takes nothing from its source. So a ring fills, and its `whenFull` rules. When the
 * connection breaks, up to 1024 messages or 1 MiB that were on their way can be lost. The route at
 * the other end counts these in `lost`, by the numbers in the messages' headers.
 *
 * A route to a stream (`delivery`) and one from a durable consumer (`durable`) lose no message, and
 * keep the order: also if the connection, the server or a bridge is lost. A message leaves its ring
 * when the stream has stored it, and the consumer delivers it until the sink has it. What this
 * promises, and when a message can arrive twice, is said at `StreamDelivery` and at `durable`.
 *
 * A route at most once to a sink that is full keeps up to 8192 messages or 4 MiB. Then it loses and
 * counts what arrives.
 *
 * @example Join two computers
 * ```ts ignore
 * import { connect, headers } from "@nats-io/transport-node";
 * import { RingChannel } from "@winipc/winipc";
 * import { bridge } from "@winipc/winipc/bridge";
 *
 * const connection = await connect({ servers: "nats://10.0.0.5:4222", maxReconnectAttempts: -1 });
 * using lines = RingChannel.openOrCreate("lines");
 * await using running = bridge({ connection, headers }, [
 *   // On this computer. On the other one: { subject: "desk.lines", to: lines }
 *   { from: lines, subject: "desk.lines" },
 * ]);
 * await running.closed;
 * ```
 *
 * @example Lose nothing: a stream between the two computers
 * ```ts ignore
 * import { jetstream, jetstreamManager } from "@nats-io/jetstream";
 * import { connect, headers } from "@nats-io/transport-node";
 * import { RingChannel } from "@winipc/winipc";
 * import { bridge } from "@winipc/winipc/bridge";
 *
 * const connection = await connect({ servers: "nats://10.0.0.5:4222", maxReconnectAttempts: -1 });
 * const manager = await jetstreamManager(connection);
 * await manager.streams.add({ name: "desk", subjects: ["desk.lines"] });
 * using lines = RingChannel.openOrCreate("lines");
 * await using running = bridge({ connection, headers, jetstream: jetstream(connection) }, [
 *   // On this computer. On the other one: { subject: "desk.lines", durable: "other", to: lines }
 *   { from: lines, subject: "desk.lines", delivery: { stream: "desk" } },
 * ]);
 * await running.closed;
 * ```
 *
 * @param nats The client. The script has connected it, and closes it after the bridge.
 * @param routes The routes, which begin at once and are independent of each other.
 * @throws {TypeError} If an argument is of the wrong kind.
 * @throws {RangeError} If an option is out of range, or a source can have messages that are longer
 *   than the server takes.
 * @throws {Deno.errors.Busy} If the place of a channel's end is taken.
 */
export function bridge(
  nats: NatsClient,
  routes: readonly Route[],
  options: BridgeOptions = {},
): Bridge {
  assertConnection(nats, ["publish", "subscribe", "flush", "closed", "status"]);
  assertHeaders(nats);
  assertOptions(options, BRIDGE_CHECKS);
  if (!Array.isArray(routes)) throw new TypeError("Expected the routes to be an array of routes");
  options.signal?.throwIfAborted();
  return startBridge(nats, routes, options);
}

/** Starts a bridge whose arguments are checked. */
let startBridge: (nats: NatsClient, routes: readonly Route[], options: BridgeOptions) => Bridge;

/**
 * A running bridge; {@linkcode bridge} starts it.
 *
 * @example Close a bridge, and look at its counts
 * ```ts
 * import { RingChannel } from "@winipc/winipc";
 * import { bridge, type NatsClient } from "@winipc/winipc/bridge";
 * import { assertEquals } from "@std/assert";
 *
 * // In practice: { connection, headers } of "@nats-io/transport-node".
 * const published: Uint8Array[] = [];
 * const nats: NatsClient = {
 *   connection: {
 *     publish: (_subject, data) => void published.push(data!),
 *     subscribe: () => {
 *       throw new Error("This client only publishes");
 *     },
 *     flush: () => Promise.resolve(),
 *     closed: () => new Promise(() => {}),
 *     isClosed: () => false,
 *     status: () => new ReadableStream<{ type: string }>(),
 *   },
 *   headers: () => ({ get: () => "", set: () => {} }),
 * };
 *
 * using lines = RingChannel.anonymous();
 * const running = bridge(nats, [{ from: lines, subject: "desk.lines" }]);
 * const sender = lines.sender();
 * await sender.send(new TextEncoder().encode("Hello"));
 * sender.close();
 *
 * // The route has come to its end, because the ring has.
 * await running.closed;
 * const [stats] = running.stats;
 * assertEquals(stats?.route, "anonymous ring => desk.lines");
 * assertEquals([stats?.state, stats?.delivered, stats?.lost], ["ended", 1, 0]);
 * assertEquals(new TextDecoder().decode(published[0]), "Hello");
 * ```
 */
export class Bridge extends Uncloneable implements AsyncDisposable {
  static {
    startBridge = (nats, routes, options) => new Bridge(nats, routes, options);
  }

  /**
   * Is settled when all routes are over and everything is closed. It rejects with the error of the
   * first route that has failed, or with the reason of the signal that has closed the bridge.
   */
  readonly closed: Promise<void>;
  readonly #routes: readonly RunningRoute[];
  readonly #closing = new AbortController();
  readonly #givingUp = new AbortController();

  private constructor(nats: NatsClient, routes: readonly Route[], options: BridgeOptions) {
    super();
    const { signal, onError } = options;
    using stack = new DisposableStack();
    const open = [...routes].map((route) =>
      // The error that has stopped the others matters, and not that of a source's end.
      stack.adopt(openRoute(nats, route), (opened) => void dropPromise(opened.close()))
    );
    stack.move();
    const signals = { closing: this.#closing.signal, givingUp: this.#givingUp.signal };
    this.#routes = open.map((route) => new RunningRoute(route));
    const runs = this.#routes.map((route) => route.run({ nats, ...signals }, onError));
    const close = () => this.#close();
    signal?.addEventListener("abort", close, { once: true });
    const watch = onClosed(nats.connection, (cause) => this.#giveUp(connectionClosed(cause)));
    this.closed = Promise.all(runs).then((failures) => {
      watch[Symbol.dispose]();
      signal?.removeEventListener("abort", close);
      const failure = failures.find((found) => found !== undefined);
      if (failure !== undefined) throw failure.error;
      signal?.throwIfAborted();
    });
    // A script that does not ask for the errors gets them by the counts.
    this.closed.catch(() => {});
  }

  /** The counts of the routes, in the order of the routes. */
  get stats(): RouteStats[] {
    return this.#routes.map(({ stats }) => stats);
  }

  /**
   * Closes the bridge. The routes take nothing more, and deliver what they have taken: for up to 5
   * seconds. What is not acknowledged by then stays in its ring.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await within(this.closed.catch(() => {}), MAX_DRAIN);
    this.#giveUp(new Deno.errors.TimedOut(`The bridge was closed after ${MAX_DRAIN} ms`));
    await this.closed.catch(() => {});
  }

  #close(): void {
    this.#closing.abort(new DOMException("The bridge is closed", "AbortError"));
  }

  #giveUp(reason: unknown): void {
    // First, so that a route that the end of its wait wakes knows why.
    this.#givingUp.abort(reason);
    this.#close();
  }
}

/**
 * Calls a function when a connection is closed for good, until it is disposed of. A promise cannot
 * forget a function, and a connection can outlive many bridges. So the promise does not get the
 * function itself.
 */
function onClosed(connection: NatsConnection, tell: (cause: unknown) => void): Disposable {
  let listener: typeof tell | undefined = tell;
  const call = (cause: unknown) => listener?.(cause);
  connection.closed().then(call, call);
  return { [Symbol.dispose]: () => void (listener = undefined) };
}

/** Creates the error for a connection that was closed before its bridge. */
function connectionClosed(cause: unknown): Deno.errors.BadResource {
  const message = "The connection to the NATS server is closed, so its bridge has ended";
  return cause instanceof Error
    ? new Deno.errors.BadResource(`${message}: ${cause.message}`, { cause })
    : new Deno.errors.BadResource(`${message}: close the bridge before the connection`);
}

/**
 * Requests by a server's name: a pipe for the handshake, and a pair of rings for the messages of
 * each client.
 *
 * @module
 */

import {
  assertObject,
  assertOptions,
  type OptionChecks,
  pickOptions,
} from "../../ffi/arguments.ts";
import {
  CONNECT_RING_CHECKS,
  connectRing,
  type ConnectRingOptions,
} from "../channel/ring/connection.ts";
import {
  LISTEN_RING_CHECKS,
  listenRing,
  type ListenRingOptions,
} from "../channel/ring/listener.ts";
import { type Client, client } from "./client.ts";
import type { Handlers } from "./handler.ts";
import { ringLink } from "./links/ring.ts";
import { linksOf } from "./links/source.ts";
import { serve, SERVE_CHECKS, type ServeOptions, type Service } from "./service.ts";

/** Options of {@linkcode serveName}: those of {@linkcode serve} and of `listenRing`. */
export interface ServeNameOptions<H> extends
  ServeOptions<H>,
  Pick<
    ListenRingOptions,
    "capacity" | "maxMessageLength" | "security" | "packages" | "backlog"
  > {}

const { whenFull: _, signal: _signal, ...LISTEN_CHECKS } = LISTEN_RING_CHECKS;

const SERVE_NAME_CHECKS: OptionChecks<ServeNameOptions<unknown>> = {
  ...SERVE_CHECKS,
  ...LISTEN_CHECKS,
};

/**
 * Serves handlers to any number of clients by a name. Clients call {@linkcode connectName}.
 *
 * Each client gets two rings of its own, without names. The service learns at once when a client
 * dies. Only processes of this user can connect, unless `security` or `packages` lets others in.
 *
 * @example Serve a calculator, and call it
 * ```ts
 * import { connectName, serveName } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * const handlers = {
 *   add: ([a, b]: [number, number]) => a + b,
 *   async *count(to: number) {
 *     for (let number = 1; number <= to; number++) yield number;
 *   },
 * };
 * await using _service = serveName("docs of serveName", handlers);
 *
 * // In another process:
 * await using calculator = await connectName<typeof handlers>("docs of serveName");
 * assertEquals(await calculator.call("add", [1, 2]), 3);
 * ```
 *
 * @param name The server's name, such as `calculator`, or the path of its pipe.
 * @param handlers An object with functions. They are looked up at each call.
 * @returns The service. Its end closes the listener and all connections.
 * @throws {Deno.errors.AlreadyExists} If there is a pipe with this name.
 * @throws {TypeError} If the name or an option is invalid.
 * @throws {RangeError} If an option is out of range.
 */
export function serveName<H extends Handlers<H>>(
  name: string,
  handlers: H,
  options: ServeNameOptions<H> = {},
): Service {
  assertObject("the handlers", handlers);
  assertOptions<ServeNameOptions<unknown>>(options, SERVE_NAME_CHECKS);
  options.signal?.throwIfAborted();
  using stack = new DisposableStack();
  const listener = stack.use(listenRing(name, pickOptions(options, LISTEN_CHECKS)));
  const service = serve(linksOf(listener, ringLink), handlers, pickOptions(options, SERVE_CHECKS));
  stack.move();
  return service;
}

/** Options of {@linkcode connectName}; see `connectRing`. */
export interface ConnectNameOptions extends ConnectRingOptions {}

const CONNECT_NAME_CHECKS: OptionChecks<ConnectNameOptions> = CONNECT_RING_CHECKS;

/**
 * Connects to a service of {@linkcode serveName}.
 *
 * @example Wait for a service, and call it
 * ```ts
 * import { connectName, serveName } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * const handlers = { greet: (name: string) => `Hello, ${name}` };
 * const connecting = connectName<typeof handlers>("docs of connectName", {
 *   waitForServer: true,
 *   timeout: 5000,
 * });
 * // In practice, the service is in another process.
 * await using _service = serveName("docs of connectName", handlers);
 * await using greeter = await connecting;
 * assertEquals(await greeter.call("greet", "Ada"), "Hello, Ada");
 * ```
 *
 * @param name The server's name, such as `calculator`, or the path of its pipe.
 * @returns The client. Its end closes the connection.
 * @throws {Deno.errors.NotFound} If there is no such server, and `waitForServer` is not set.
 * @throws {Deno.errors.PermissionDenied} If the server does not let this user in, or is not the
 *   trusted one.
 * @throws {Deno.errors.InvalidData} If the pipe of this name belongs to another kind of server.
 * @throws {Deno.errors.ConnectionReset} If the server was closed during the handshake.
 * @throws {Deno.errors.TimedOut} If the server did not answer in time.
 * @throws {TypeError} If the name or an option is invalid.
 */
export async function connectName<H extends Handlers<H>>(
  name: string,
  options: ConnectNameOptions = {},
): Promise<Client<H>> {
  assertOptions(options, CONNECT_NAME_CHECKS);
  return client<H>(ringLink(await connectRing(name, pickOptions(options, CONNECT_NAME_CHECKS))));
}

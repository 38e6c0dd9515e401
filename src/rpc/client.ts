/**
 * The caller's side of requests.
 *
 * @module
 */

import {
  assertObject,
  assertOptions,
  assertString,
  integerFrom,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { assertFunction, assertSignal } from "../../ffi/arguments.ts";
import { Uncloneable } from "../../ffi/handle.ts";
import { assertCanWait, type WaitOptions } from "../wait/options.ts";
import { Calls } from "./calls.ts";
import { MAX_AHEAD } from "./frame.ts";
import type {
  ArgsOf,
  CallName,
  CallParameters,
  Handlers,
  ItemOf,
  ResultOf,
  StreamName,
} from "./handler.ts";
import { IncomingItems, type ItemStream } from "./item_stream.ts";
import type { MessageLink } from "./link.ts";
import { PendingCall } from "./pending_call.ts";

/** Options of {@linkcode Client.stream}. */
export interface StreamOptions {
  /** Leaves the stream when this signal is aborted. The stream rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * The number of items that the handler can make before the script takes them, from 1 to 65,536.
   * At most that many items wait in this process. 1 makes each item only when the last one was
   * taken. @default 64
   */
  ahead?: number;
}

const STREAM_CHECKS: OptionChecks<StreamOptions> = {
  signal: assertSignal,
  ahead: integerFrom(1, MAX_AHEAD),
};

/** The default of {@linkcode StreamOptions.ahead}. */
const AHEAD = 64;

let makeClient: <H>(link: MessageLink) => Client<H>;

/**
 * Calls the handlers that a peer serves over one link; {@linkcode client} makes it.
 *
 * An open client keeps the process alive, if its link does.
 *
 * @example Call, stop a call, and leave a stream
 * ```ts
 * import { type CallContext, type Client, connectName, serveName } from "@winipc/winipc/rpc";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const handlers = {
 *   async sleep(milliseconds: number, { signal }: CallContext) {
 *     await new Promise<void>((resolve, reject) => {
 *       const timer = setTimeout(resolve, milliseconds);
 *       signal.addEventListener("abort", () => {
 *         clearTimeout(timer);
 *         reject(signal.reason);
 *       });
 *     });
 *   },
 *   async *count() {
 *     for (let number = 1;; number++) yield number;
 *   },
 * };
 * await using _service = serveName("docs of Client", handlers);
 * // In practice, the client is another process.
 * await using clock: Client<typeof handlers> = await connectName("docs of Client");
 *
 * await clock.call("sleep", 1);
 * // The handler's timer is cleared, too.
 * await assertRejects(() => clock.call("sleep", 60_000, { timeout: 10 }), Deno.errors.TimedOut);
 *
 * const numbers: number[] = [];
 * for await (const number of clock.stream("count")) {
 *   if (numbers.push(number) === 3) break;
 * }
 * assertEquals(numbers, [1, 2, 3]);
 * ```
 */
export class Client<H> extends Uncloneable implements AsyncDisposable {
  readonly #calls: Calls;

  static {
    makeClient = <H>(link: MessageLink) => new Client<H>(link);
  }

  private constructor(link: MessageLink) {
    super();
    this.#calls = new Calls(link);
  }

  /** Is fulfilled when the link is over, for whatever reason. It never rejects. */
  get closed(): Promise<void> {
    return this.#calls.ended;
  }

  /**
   * Calls a handler, and waits for its result.
   *
   * At most 1024 calls and streams of a client are under way. Further calls wait.
   *
   * @param name The name of the handler.
   * @param rest The arguments as one value, and the options of the wait. The signal and the timeout
   *   stop the handler, too: they abort its signal.
   * @returns A promise that also rejects with the error that the handler threw: of the same class
   *   if that is one of JavaScript or Deno, or a {@linkcode RemoteError}.
   * @throws {DOMException} `DataCloneError` if the arguments or the result cannot be cloned.
   * @throws {RangeError} If the arguments or the result are too long for the link.
   * @throws {ValidationError} If the service's schema refuses the arguments.
   * @throws {Deno.errors.NotFound} If the peer has no handler of this name.
   * @throws {Deno.errors.TimedOut} If the result did not come before the timeout.
   * @throws {Deno.errors.ConnectionReset} If the peer died or closed the link before it answered.
   * @throws {Deno.errors.InvalidData} If the peer sent something other than requests and answers.
   * @throws {Deno.errors.BadResource} If the client is closed, also during the call.
   */
  call<Name extends CallName<H>>(
    name: Name,
    ...rest: CallParameters<ArgsOf<H[Name]>, WaitOptions>
  ): Promise<ResultOf<H[Name]>>;
  call(name: string, args?: unknown, options?: WaitOptions): Promise<unknown> {
    try {
      assertString("name", name);
      if (options !== undefined) assertCanWait(options);
      return new PendingCall(this.#calls, name, { args, options }).result;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Calls a handler that returns an async iterable, and iterates over its items.
   *
   * The handler starts when the first item is asked for. When the script leaves the loop, the
   * handler's iterator returns: a generator runs its `finally`. The script does not wait for that.
   * The stream throws the errors of {@linkcode Client.call}, after the items that came before.
   *
   * @param name The name of the handler.
   * @param rest The arguments as one value, and the options.
   * @throws {TypeError} If an option is invalid.
   * @throws {RangeError} If `ahead` is out of its range.
   */
  stream<Name extends StreamName<H>>(
    name: Name,
    ...rest: CallParameters<ArgsOf<H[Name]>, StreamOptions>
  ): ItemStream<ItemOf<H[Name]>>;
  stream(name: string, args?: unknown, options: StreamOptions = {}): ItemStream<unknown> {
    assertString("name", name);
    assertOptions(options, STREAM_CHECKS);
    const { ahead = AHEAD, signal } = options;
    return new IncomingItems(this.#calls, { name, args, ahead, signal });
  }

  /** Makes the open client keep the process alive, as it does by default. */
  ref(): void {
    this.#calls.hold(true);
  }

  /** Lets the process end while the client is open, also during a call. */
  unref(): void {
    this.#calls.hold(false);
  }

  /**
   * Closes the client and its link. Calls that are under way reject, and their handlers' signals
   * are aborted. If this end serves over the link, too, the link stays open.
   */
  close(): void {
    this.#calls.close();
  }

  /** Closes the client, and waits until its link is closed, unless this end serves over it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    if (this.#calls.isOver) await this.closed;
  }
}

/**
 * Makes a client that calls the handlers of the peer at the other end of a link.
 *
 * `connectName()` makes the link and the client in one step.
 *
 * @example Call over two rings
 * ```ts
 * import { connectRing, listenRing } from "@winipc/winipc/channel";
 * import { client, linksOf, ringLink, serve } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * const handlers = { greet: (name: string) => `Hello, ${name}` };
 * await using _service = serve(linksOf(listenRing("docs of client"), ringLink), handlers);
 *
 * // In practice, the client is another process.
 * const link = ringLink(await connectRing("docs of client", { timeout: 5000 }));
 * await using greeter = client<typeof handlers>(link);
 * assertEquals(await greeter.call("greet", "Ada"), "Hello, Ada");
 * ```
 *
 * @param link An open link. The client closes it. If this end serves over the link, too, the last
 *   one of both closes it.
 * @throws {Deno.errors.Busy} If the link has a client already.
 * @throws {Deno.errors.BadResource} If the link is over.
 */
export function client<H extends Handlers<H>>(link: MessageLink): Client<H> {
  assertLink(link);
  return makeClient(link);
}

/** Throws unless a value has the methods of a link. */
export function assertLink(link: unknown): asserts link is MessageLink {
  assertObject("the link", link);
  assertFunction("the link's send", Reflect.get(link, "send"));
  assertFunction("the link's iterator", Reflect.get(link, Symbol.asyncIterator));
}

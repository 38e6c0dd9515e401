/**
 * The server's side of requests: handlers for the peers of any number of links.
 *
 * @module
 */

import {
  assertBoolean,
  assertFunction,
  assertObject,
  assertOptions,
  assertSignal,
  dropPromise,
  integerFrom,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { Uncloneable } from "../../ffi/handle.ts";
import { checkTimeout, within } from "../wait/options.ts";
import { assertLink } from "./client.ts";
import { MAX_CALLS } from "./frame.ts";
import type { ArgsOf, Handlers } from "./handler.ts";
import type { LinkPeer, LinkSource, MessageLink } from "./link.ts";
import { ServedLink, type Serving } from "./served_link.ts";
import { assertSchema, type StandardSchema } from "./validation.ts";

/** Where a failure happened. */
export interface FailureContext {
  /** The process at the other end of the link, if there is a link that knows it. */
  readonly peer: LinkPeer | undefined;
  /** The name of the handler, if the failure is one of a handler. */
  readonly name: string | undefined;
}

/** Options of {@linkcode serve}. */
export interface ServeOptions<H> {
  /**
   * Stops the service at once when it is aborted: aborts the signals of all handlers, and closes all
   * links. `shutdown()` lets the handlers end first.
   */
  signal?: AbortSignal;
  /**
   * Maximum number of handlers that run at once for one link, from 1 to 1024. Further calls of that
   * link wait, and calls of other links do not. A stream runs until its last item. @default 1024
   */
  concurrency?: number;
  /**
   * Schemas of the arguments, by the names of their handlers. A handler gets what its schema
   * returns. Any library with the interface Standard Schema will do, such as Zod or Valibot.
   */
  validate?: { readonly [Name in keyof H]?: StandardSchema<ArgsOf<H[Name]>> };
  /** Whether errors cross with their stacks. Stacks name files of this machine. @default false */
  stacks?: boolean;
  /**
   * Gets each failure that no caller gets: a peer that died or sent garbage, a source of links that
   * failed, a handler that failed after its caller had gone. Its own errors are ignored.
   */
  onError?: (error: unknown, context: FailureContext) => void;
}

/** The checks of {@linkcode ServeOptions}. */
export const SERVE_CHECKS: OptionChecks<ServeOptions<unknown>> = {
  signal: assertSignal,
  concurrency: integerFrom(1, MAX_CALLS),
  validate: assertSchemas,
  stacks: assertBoolean,
  onError: assertFunction,
};

/** Options of {@linkcode Service.shutdown}. */
export interface ShutdownOptions {
  /**
   * Time in milliseconds for the calls that are under way. Then the signals of their handlers are
   * aborted. @default 5000
   */
  timeout?: number;
}

const SHUTDOWN_CHECKS: OptionChecks<ShutdownOptions> = { timeout: checkTimeout };

/** The default of {@linkcode ShutdownOptions.timeout}. */
const PATIENCE = 5000;
/** Time for handlers whose signals were aborted, in milliseconds. */
const MAX_ABORT = 1000;

interface ServiceParts {
  readonly handlers: object;
  readonly schemas: ReadonlyMap<string, StandardSchema>;
  readonly options: ServeOptions<unknown>;
}

let makeService: (links: MessageLink | LinkSource, parts: ServiceParts) => Service;

/**
 * Serves handlers to the peers of links; {@linkcode serve} makes it.
 *
 * An open service keeps the process alive, if its links or their source do.
 *
 * @example Serve until a client says that it is enough
 * ```ts
 * import { connectName, type Service, serveName } from "@winipc/winipc/rpc";
 *
 * const handlers = {
 *   stop() {
 *     void service.shutdown();
 *   },
 * };
 * const service: Service = serveName("docs of Service", handlers);
 *
 * // In practice, the client is another process.
 * await using client = await connectName<typeof handlers>("docs of Service");
 * await client.call("stop");
 * await service.finished;
 * ```
 */
export class Service extends Uncloneable implements AsyncDisposable {
  /**
   * Is fulfilled when the service has ended: after `shutdown()`, or when its source has no more
   * links and all links are over. It never rejects.
   */
  readonly finished: Promise<void>;
  readonly #finish: () => void;
  readonly #serving: Serving;
  readonly #onError: ServeOptions<unknown>["onError"];
  readonly #signal: AbortSignal | undefined;
  readonly #links = new Set<ServedLink>();
  #source: LinkSource | undefined;
  #isHeld = true;
  /** Called when a link has no call under way, or is over. */
  #onChange: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  static {
    makeService = (links, parts) => new Service(links, parts);
  }

  private constructor(links: MessageLink | LinkSource, parts: ServiceParts) {
    super();
    const { handlers, schemas, options } = parts;
    const { concurrency = MAX_CALLS, stacks = false, onError, signal } = options;
    ({ promise: this.finished, resolve: this.#finish } = Promise.withResolvers<void>());
    this.#onError = onError;
    this.#signal = signal;
    this.#serving = {
      handlers,
      schemas,
      concurrency,
      stacks,
      report: (error, { link, name }) => this.#report(error, { peer: link.peer, name }),
      onChange: (link) => this.#changed(link),
    };
    signal?.throwIfAborted();
    if (isLink(links)) {
      this.#add(links);
    } else {
      this.#source = links;
      void this.#takeLinks(links);
    }
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /**
   * Shuts the service down. A later call returns the same promise. The service
   *
   * 1. takes no more links, and answers new calls with `Deno.errors.ConnectionRefused`;
   * 2. waits until all calls and streams are over, but not longer than the timeout;
   * 3. aborts the signals of the handlers that still run, and waits for them for 1 second;
   * 4. closes all links. A handler that ignores its signal goes on unnoticed.
   *
   * @throws {RangeError} If the timeout is out of its range.
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    assertOptions(options, SHUTDOWN_CHECKS);
    const { timeout = PATIENCE } = options;
    await (this.#closing ??= this.#shutdown(timeout));
  }

  /** Makes the open service keep the process alive, as it does by default. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end while the service is open, also while handlers run. */
  unref(): void {
    this.#hold(false);
  }

  /** Shuts the service down at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  async #shutdown(timeout: number): Promise<void> {
    const reason = new DOMException("The service has shut down", "AbortError");
    this.#stopTaking();
    for (const link of this.#links) link.refuse();
    await this.#idleWithin(timeout);
    for (const link of this.#links) link.abortAll(reason);
    await this.#idleWithin(MAX_ABORT);
    await this.#closeAll(reason);
  }

  readonly #abort = () => {
    const reason: unknown = this.#signal?.reason;
    this.#stopTaking();
    const closed = this.#closeAll(reason);
    this.#closing ??= closed;
  };

  async #closeAll(reason: unknown): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.close(reason)));
    this.#end();
  }

  /** Waits until no call is under way, or until the time is over. */
  async #idleWithin(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if ([...this.#links].every(({ isIdle }) => isIdle)) resolve();
    };
    this.#onChange = look;
    look();
    await within(promise, milliseconds);
    this.#onChange = undefined;
  }

  #changed(link: ServedLink): void {
    if (link.isOver) {
      this.#links.delete(link);
      if (this.#links.size === 0 && this.#source === undefined) this.#end();
    }
    this.#onChange?.();
  }

  #end(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#finish();
  }

  #add(link: MessageLink): void {
    const served = new ServedLink(link, this.#serving);
    this.#links.add(served);
    if (!this.#isHeld) served.hold(false);
  }

  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) this.#source?.ref?.();
    else this.#source?.unref?.();
    for (const link of this.#links) link.hold(isHeld);
  }

  #stopTaking(): void {
    const source = this.#source;
    this.#source = undefined;
    try {
      source?.close?.();
    } catch (error) {
      this.#report(error, {});
    }
  }

  /** Serves the links of a source, until the source ends or the service shuts down. */
  async #takeLinks(source: LinkSource): Promise<void> {
    try {
      for await (const link of source) {
        if (this.#source === undefined) {
          await link[Symbol.asyncDispose]();
          break;
        }
        this.#tryAdd(link);
      }
    } catch (error) {
      this.#report(error, {});
    }
    if (this.#source === undefined) return;
    this.#source = undefined;
    if (this.#links.size === 0) this.#end();
  }

  /** Serves a link. A faulty link must not end the source. */
  #tryAdd(link: MessageLink): void {
    try {
      assertLink(link);
      this.#add(link);
    } catch (error) {
      this.#report(error, {});
    }
  }

  #report(error: unknown, { peer, name }: Partial<FailureContext>): void {
    try {
      dropPromise(this.#onError?.(error, { peer, name }));
    } catch {
      // The callback has no caller that could get its error.
    }
  }
}

/**
 * Serves handlers: the peers of links can call them by `client()`.
 *
 * Peers can call each function that is an own property of `handlers`, with any arguments. See
 * `validate` to check them.
 *
 * `serveName()` listens for clients and serves them in one step.
 *
 * @example Serve one client
 * ```ts
 * import { connectRing, listenRing } from "@winipc/winipc/channel";
 * import { client, ringLink, serve } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenRing("docs of serve");
 * const accepted = listener.accept({ timeout: 5000 });
 * const connection = await connectRing("docs of serve", { timeout: 5000 });
 *
 * // One client only. It is gone when `finished` is fulfilled.
 * const handlers = { add: ([a, b]: [number, number]) => a + b };
 * const service = serve(ringLink(await accepted), handlers);
 *
 * // In practice, the client is another process.
 * const calculator = client<typeof handlers>(ringLink(connection));
 * assertEquals(await calculator.call("add", [1, 2]), 3);
 * calculator.close();
 * await service.finished;
 * ```
 *
 * @param links A link, or a source of links, such as a listener. The service closes all of them.
 * @param handlers An object with functions. They are looked up at each call.
 * @throws {TypeError} If an argument or an option is invalid.
 * @throws {RangeError} If an option is out of its range.
 * @throws {Deno.errors.Busy} If the link is served already.
 */
export function serve<H extends Handlers<H>>(
  links: MessageLink | LinkSource,
  handlers: H,
  options: ServeOptions<H> = {},
): Service {
  assertObject("the links", links);
  assertFunction("the links' iterator", Reflect.get(links, Symbol.asyncIterator));
  assertObject("the handlers", handlers);
  assertOptions(options, SERVE_CHECKS);
  const schemas = new Map<string, StandardSchema>();
  for (const [name, schema] of Object.entries(options.validate ?? {})) {
    if (!Object.hasOwn(handlers, name)) {
      throw new TypeError(`There is no handler ${show(name)} whose arguments could be validated`);
    }
    assertSchema(`validate.${name}`, schema);
    schemas.set(name, schema);
  }
  return makeService(links, { handlers, schemas, options });
}

function isLink(links: MessageLink | LinkSource): links is MessageLink {
  return "send" in links && typeof links.send === "function";
}

function assertSchemas(name: string, value: unknown): void {
  assertObject(name, value);
  for (const [key, schema] of Object.entries(value)) assertSchema(`${name}.${key}`, schema);
}

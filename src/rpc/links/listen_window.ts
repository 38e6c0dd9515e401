/**
 * Makes links over WM_COPYDATA: the handshake of a client and a server.
 *
 * 1. The client opens a window for the link, and says hello to the server's window.
 * 2. The server opens a window for the link, which welcomes the client's window.
 *
 * Each side tells a random number that later messages to its window must carry.
 *
 * @module
 */

import {
  assertBoolean,
  assertOptions,
  assertSignal,
  integerFrom,
  oneOf,
  type OptionChecks,
  pickOptions,
} from "../../../ffi/arguments.ts";
import { assertNewClassName } from "../../../ffi/callback.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { CopyDataListener } from "../../messages/listen/listener.ts";
import { type CopyDataMessage, MessageSender } from "../../messages/listen/message.ts";
import { sendCopyData } from "../../messages/send/message.ts";
import { toWindow, type WindowTarget } from "../../messages/window/find.ts";
import { assertTitle } from "../../messages/window/message_window.ts";
import { ProcessWatch } from "../../sync/process_watch.ts";
import { deadlineAfter, MAX_TIMER, timeLeft, WAIT_CHECKS } from "../../wait/options.ts";
import type { WaitOptions } from "../../wait/options.ts";
import { AsyncQueue } from "../../wait/queue.ts";
import type { MessageLink } from "../link.ts";
import { LINK_CHECKS, type LinkOptions, MAX_MESSAGE_LENGTH } from "./content.ts";
import { linkOver } from "./transport.ts";
import { type WindowEnds, WindowTransport } from "./window.ts";
import {
  MAX_PART,
  WINDOW_KINDS,
  WINDOW_VERSION,
  WindowFrame,
  WindowGreeting,
} from "./window_frame.ts";

/** Maximum number of messages that wait in a window. Further messages wait at their sender. */
const HIGH_WATER_MARK = 32;
/** Default time for the server's answers, in milliseconds. */
const DEFAULT_TIMEOUT = 5000;
/** Time for a client to take the welcome, in milliseconds. */
const MAX_HANDSHAKE = 5000;
/** Maximum number of handshakes at a time, and of links that `accept()` has not taken. */
const BACKLOG = 8;
/** Default of {@linkcode ListenWindowOptions.maxLinks}: a desktop has few such clients. */
const MAX_LINKS = 64;

/** Options of {@linkcode windowLink}. */
export interface WindowLinkOptions extends LinkOptions, WaitOptions {
  /** Whether a server with fewer rights can send to this end's window. @default false */
  acceptLowerIntegrity?: boolean;
}

const WINDOW_LINK_CHECKS: OptionChecks<WindowLinkOptions> = {
  ...LINK_CHECKS,
  ...WAIT_CHECKS,
  acceptLowerIntegrity: assertBoolean,
};

/**
 * Makes a link to another script's window, by WM_COPYDATA. The other script listens by
 * {@linkcode listenWindow}.
 *
 * Only scripts of the same desktop can send to each other's windows. Prefer pipes and rings: their
 * peers are checked by Windows, while any program can send to a window and name another window as
 * the sender. A link takes only messages that name the peer's window and carry the link's random
 * number.
 *
 * @example Call a script that has a window
 * ```ts
 * import { client, listenWindow, serve, windowLink } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * const handlers = { add: ([a, b]: [number, number]) => a + b };
 * await using listener = await listenWindow({ class: "docs of windowLink" });
 * await using _service = serve(listener, handlers);
 *
 * // In another process: windowLink(await findWindow({ class: "docs of windowLink" }))
 * await using calculator = client<typeof handlers>(await windowLink(listener));
 * assertEquals(await calculator.call("add", [1, 2]), 3);
 * ```
 *
 * @param target The server's window, such as the result of `findWindow`.
 * @param options `timeout` is 5000 by default.
 * @throws {Deno.errors.NotFound} If there is no such window.
 * @throws {Deno.errors.ConnectionRefused} If the window does not take links.
 * @throws {Deno.errors.ConnectionReset} If the window's process ended during the handshake.
 * @throws {Deno.errors.PermissionDenied} If the window's process runs with more rights.
 * @throws {Deno.errors.TimedOut} If the window did not answer in time.
 * @throws {TypeError} If an argument is of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export async function windowLink(
  target: WindowTarget,
  options: WindowLinkOptions = {},
): Promise<MessageLink> {
  const window = toWindow("target", target);
  assertOptions(options, WINDOW_LINK_CHECKS);
  const { timeout = DEFAULT_TIMEOUT, signal } = options;
  const deadline = deadlineAfter(timeout);
  const left = () => ({ timeout: Math.max(Math.ceil(timeLeft(deadline)), 1), signal });
  signal?.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const server = new MessageSender(window);
  const watch = stack.use(watchOf(server));
  const end = await openEnd(options);
  stack.use(end.listener);
  const over = new AbortController();
  const death = new AbortController();
  watch.wait({ signal: over.signal }).then(() => {
    const why = `process ${watch.pid} has ended`;
    death.abort(new Deno.errors.ConnectionReset(`Cannot link with ${nameOf(server)}: ${why}`));
  }, () => {});
  let found;
  try {
    await sayHello(server, end, left());
    found = await untilWelcome(end, watch.pid, {
      timeout: Math.ceil(timeLeft(deadline)),
      signal: signal ? AbortSignal.any([signal, death.signal]) : death.signal,
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.TimedOut)) throw error;
    throw new Deno.errors.TimedOut(
      `Waited ${timeout} ms for an answer of ${nameOf(server)}: it may not take links`,
    );
  } finally {
    over.abort();
  }
  stack.move();
  return linkOver(new WindowTransport({ ...end, ...found, watch }));
}

/** This end of a link whose handshake is not over. */
type OwnEnd = Pick<WindowEnds, "listener" | "token" | "max">;

/** Opens the window of one link. */
async function openEnd(
  { maxMessageLength: max = MAX_MESSAGE_LENGTH, acceptLowerIntegrity = false }: WindowLinkOptions,
): Promise<OwnEnd> {
  const listener = await CopyDataListener.open({
    maxByteLength: WindowFrame.byteLength + MAX_PART,
    highWaterMark: HIGH_WATER_MARK,
    acceptLowerIntegrity,
  });
  const [token] = crypto.getRandomValues(new Uint32Array(1));
  return { listener, token: token!, max };
}

async function sayHello(
  server: MessageSender,
  end: OwnEnd,
  { timeout, signal }: { timeout: number; signal: AbortSignal | undefined },
): Promise<void> {
  const answer = await sendCopyData(server, greetingOf("hello", end), {
    id: WINDOW_KINDS.hello,
    from: end.listener,
    timeout: Math.min(timeout, MAX_TIMER),
    ...(signal && { signal }),
  });
  if (answer !== 0n) return;
  throw new Deno.errors.ConnectionRefused(
    `Cannot link with ${nameOf(server)}: it has refused the message; it must be a window of ` +
      "listenWindow(), and may be busy",
  );
}

/** Waits for the welcome of a window of the server's process. */
async function untilWelcome(
  { listener, token }: OwnEnd,
  pid: number,
  options: WaitOptions,
): Promise<Pick<WindowEnds, "peer" | "peerToken" | "peerMax">> {
  const deadline = deadlineAfter(options.timeout ?? Infinity);
  for (;;) {
    const message = await listener.receive({ ...options, timeout: Math.ceil(timeLeft(deadline)) });
    if (message === undefined) {
      throw new Deno.errors.ConnectionReset("Another program has closed the window of a new link");
    }
    const greeting = message.id === BigInt(token) ? readGreeting("welcome", message) : undefined;
    // Any program can send to this window.
    if (greeting === undefined || message.sender.pid !== pid) continue;
    return { peer: message.sender, peerToken: greeting.token, peerMax: greeting.maxLength };
  }
}

function greetingOf(kind: "hello" | "welcome", { token, max }: OwnEnd): Uint8Array {
  const bytes = new Uint8Array(WindowGreeting.byteLength);
  WindowGreeting.write(bytes, {
    kind: WINDOW_KINDS[kind],
    version: WINDOW_VERSION,
    token,
    maxLength: max,
  });
  return bytes;
}

function readGreeting(kind: "hello" | "welcome", { bytes }: CopyDataMessage) {
  if (bytes.length !== WindowGreeting.byteLength) return undefined;
  const greeting = WindowGreeting.read(bytes);
  const isRight = greeting.kind === WINDOW_KINDS[kind] && greeting.version === WINDOW_VERSION;
  return isRight ? greeting : undefined;
}

/** Opens the process of a window, to wait for its end. */
function watchOf(window: MessageSender): ProcessWatch {
  const { pid } = window;
  if (pid !== undefined) {
    const watch = ProcessWatch.open(pid);
    // The process is open, so its id stays. The window can have got another owner before.
    if (window.pid === pid) return watch;
    watch.close();
  }
  throw new Deno.errors.NotFound(`Cannot link with ${nameOf(window)}: there is no such window`);
}

function nameOf({ handle }: MessageSender): string {
  return `window 0x${handle.toString(16)}`;
}

/** Options of {@linkcode listenWindow}. */
export interface ListenWindowOptions extends LinkOptions {
  /** The name of the window's class, by which clients find it. @default an unguessable name */
  class?: string;
  /** The window's title. @default "" */
  title?: string;
  /**
   * How other programs find the window: see `CopyDataListener.open`. @default "message-only"
   */
  visibility?: "message-only" | "hidden";
  /** Whether clients with fewer rights can send to the windows. @default false */
  acceptLowerIntegrity?: boolean;
  /**
   * Maximum number of links that are open at the same time, because each costs a window and a
   * thread. Further clients get no answer, and give up. @default 64
   */
  maxLinks?: number;
  /** Closes the listener when this signal is aborted. */
  signal?: AbortSignal;
}

const LISTEN_WINDOW_CHECKS: OptionChecks<ListenWindowOptions> = {
  ...LINK_CHECKS,
  class: assertNewClassName,
  title: assertTitle,
  visibility: oneOf(["message-only", "hidden"]),
  acceptLowerIntegrity: assertBoolean,
  maxLinks: integerFrom(1, 2 ** 16),
  signal: assertSignal,
};

let makeListener: (listener: CopyDataListener, options: ListenWindowOptions) => WindowLinkListener;

/**
 * Listens for clients that make links by {@linkcode windowLink}. Each link has a window and a thread
 * of its own.
 *
 * @example Take one client
 * ```ts
 * import { listenWindow, windowLink } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await listenWindow();
 * const accepted = listener.accept({ timeout: 5000 });
 * await using client = await windowLink(listener);
 * await using server = await accepted;
 * assertEquals(server.peer?.pid, Deno.pid);
 * ```
 *
 * @throws {Deno.errors.AlreadyExists} If this process already has a window class of that name.
 * @throws {TypeError} If an option has the wrong type.
 * @throws {RangeError} If a number is out of range.
 */
export async function listenWindow(
  options: ListenWindowOptions = {},
): Promise<WindowLinkListener> {
  assertOptions(options, LISTEN_WINDOW_CHECKS);
  options.signal?.throwIfAborted();
  const picked = pickOptions(options, {
    class: assertNewClassName,
    title: assertTitle,
    visibility: oneOf([]),
    acceptLowerIntegrity: assertBoolean,
  });
  const listener = await CopyDataListener.open({
    ...picked,
    maxByteLength: WindowGreeting.byteLength,
    highWaterMark: HIGH_WATER_MARK,
  });
  return makeListener(listener, options);
}

/**
 * Listens for clients that make links over WM_COPYDATA. The open listener keeps the process alive.
 * The links outlive the listener.
 *
 * @example Serve each client
 * ```ts
 * import { listenWindow, serve, type WindowLinkListener } from "@winipc/winipc/rpc";
 *
 * await using listener: WindowLinkListener = await listenWindow({ class: "docs of a listener" });
 * await using _service = serve(listener, { add: ([a, b]: [number, number]) => a + b });
 * ```
 */
export class WindowLinkListener extends Uncloneable
  implements AsyncIterable<MessageLink>, AsyncDisposable {
  /** The name of the window's class. */
  readonly class: string;
  /** The window's handle (`HWND`). */
  readonly handle: bigint;
  readonly #listener: CopyDataListener;
  readonly #options: ListenWindowOptions;
  readonly #ready: AsyncQueue<MessageLink | { error: unknown }>;
  readonly #closing = new AbortController();
  /** The handshakes that are not over. */
  readonly #handshakes = new Set<Promise<void>>();
  /** The number of links and errors that `accept()` has not taken. */
  #waiting = 0;
  /** The number of links that are not closed. */
  #open = 0;

  static {
    makeListener = (...args) => new WindowLinkListener(...args);
  }

  private constructor(listener: CopyDataListener, options: ListenWindowOptions) {
    super();
    this.class = listener.class;
    this.handle = listener.handle;
    this.#listener = listener;
    this.#options = options;
    this.#ready = new AsyncQueue(
      (timeout) => new Deno.errors.TimedOut(`Waited ${timeout} ms for a client of ${this.#label}`),
      { isHeld: false },
    );
    options.signal?.addEventListener("abort", () => void this.close(), {
      signal: this.#closing.signal,
    });
    void this.#run();
  }

  /**
   * Waits for the next client whose handshake is complete.
   *
   * @throws {Deno.errors.TimedOut} If no client came in time.
   * @throws {Error} If this process has no resources for the next client. The listener goes on.
   * @throws {Deno.errors.BadResource} If the listener is closed, also during the wait.
   */
  async accept(options: WaitOptions = {}): Promise<MessageLink> {
    const link = await this.#next(options);
    if (link !== undefined) return link;
    throw new Deno.errors.BadResource(`The listener of ${this.#label} is closed`);
  }

  /** Takes client after client, until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<MessageLink> {
    for (let next; (next = await this.#next({})) !== undefined;) yield next;
  }

  /** Makes the open listener keep the process alive, as it does by default. */
  ref(): void {
    this.#listener.ref();
  }

  /** Lets the process end while the listener is open. */
  unref(): void {
    this.#listener.unref();
  }

  /** Closes the window. Links that {@linkcode WindowLinkListener.accept} has returned stay open. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#ready.end();
    }
    await Promise.all([...this.#handshakes, this.#listener.close()]);
    const left = this.#ready.takeAll();
    await Promise.all(
      left.map((next) => "error" in next ? undefined : next[Symbol.asyncDispose]()),
    );
  }

  /** Closes the listener at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #label(): string {
    return `window class "${this.class}"`;
  }

  /** Whether there are as many clients as the listener can have. */
  get #isFull(): boolean {
    const { maxLinks = MAX_LINKS } = this.#options;
    const { size } = this.#handshakes;
    return this.#waiting + size >= BACKLOG || this.#open + size >= maxLinks;
  }

  async #next(options: WaitOptions): Promise<MessageLink | undefined> {
    const next = await this.#ready.take(options);
    if (next === undefined) return undefined;
    this.#waiting--;
    if ("error" in next) throw next.error;
    return next;
  }

  /** Answers each hello. */
  async #run(): Promise<void> {
    for await (const message of this.#listener) {
      const isHello = message.id === BigInt(WINDOW_KINDS.hello);
      const greeting = isHello ? readGreeting("hello", message) : undefined;
      // A client that is not let in gives up when its time is over.
      if (greeting === undefined || this.#isFull || this.#closing.signal.aborted) continue;
      const shaken = this.#shakeHands(message.sender, greeting);
      this.#handshakes.add(shaken);
      void shaken.finally(() => this.#handshakes.delete(shaken));
    }
    // Another program can close the window.
    void this.close();
  }

  async #shakeHands(
    peer: MessageSender,
    { token: peerToken, maxLength: peerMax }: { token: number; maxLength: number },
  ): Promise<void> {
    try {
      await using stack = new AsyncDisposableStack();
      const watch = stack.use(watchOf(peer));
      const end = await openEnd(this.#options);
      stack.use(end.listener);
      const { signal } = this.#closing;
      const answer = await sendCopyData(peer, greetingOf("welcome", end), {
        id: peerToken,
        from: end.listener,
        timeout: MAX_HANDSHAKE,
        signal,
      });
      if (answer === 0n || signal.aborted) return;
      stack.move();
      const link = linkOver(new WindowTransport({ ...end, peer, peerToken, peerMax, watch }));
      this.#open++;
      void link.closed.then(() => this.#open--);
      this.#waiting++;
      this.#ready.put(link);
    } catch (error) {
      const { NotFound, PermissionDenied, TimedOut } = Deno.errors;
      // A client that has left, or that this user cannot watch, is no concern of the others.
      const isOfClient = [NotFound, PermissionDenied, TimedOut].some((fault) =>
        error instanceof fault
      );
      if (isOfClient || this.#closing.signal.aborted) return;
      this.#waiting++;
      this.#ready.put({ error });
    }
  }
}

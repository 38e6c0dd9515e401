/**
 * Listens for the clients of a named pipe, similar to `Deno.listen`.
 *
 * The first instance of the pipe holds the name until the listener is closed, and lets no client
 * in. Each client gets an instance of its own, because an instance that is used again can keep a
 * part of the last client's state.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-instances}
 * @module
 */

import {
  assertBoolean,
  assertOptions,
  assertSignal,
  assertString,
  integerFrom,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { errorFromCode } from "../../ffi/error.ts";
import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import {
  addPipeInstance,
  createPipe,
  PIPE_DIRECTIONS,
  PIPE_RIGHTS,
  type PipeDirection,
  type PipeSettings,
} from "../../ffi/named_pipe.ts";
import { assertSecurity, type Sddl, sddlFor, type Security } from "../../ffi/security.ts";
import type { OperationResult } from "../../ffi/file.ts";
import { FileOperation } from "../io/operation.ts";
import { MAX_READ_SIZE } from "../io/reader.ts";
import { AsyncQueue } from "../wait/queue.ts";
import { Cancellation, MAX_TIMER, type WaitOptions } from "../wait/options.ts";
import {
  assertPipeOptions,
  connectionOver,
  PIPE_CHECKS,
  type PipeConnection,
  type PipeOptions,
} from "./connection.ts";
import { accountsOf, assertPackages, localPipePath } from "./name.ts";

/** Options of {@linkcode listenPipe}. */
export interface ListenPipeOptions extends PipeOptions {
  /** The pipe's name, such as `echo`, or its path, such as `\\.\pipe\echo`. Case is ignored. */
  name: string;
  /**
   * The direction of the bytes. `"inbound"` is from the clients to the server, `"outbound"` from
   * the server to the clients.
   *
   * @default "duplex"
   */
  direction?: PipeDirection;
  /**
   * The users that can connect. `"user"` means this user and the system. `"everyone"` means all
   * users of the machine, and also programs of low integrity. A descriptor in SDDL is also
   * possible.
   *
   * Other users cannot create an instance of the pipe, and so cannot take its clients. With
   * `"everyone-full"` or a descriptor that grants `FILE_CREATE_PIPE_INSTANCE` they can. All
   * processes of this user can.
   *
   * @default "user"
   */
  security?: Security;
  /**
   * The packaged apps (AppContainers) that can connect as well: `true` for all, or package family
   * names, or security identifiers of packages (`S-1-15-2-…`). Programs of low integrity that
   * belong to these users can connect, too.
   *
   * @default none
   */
  packages?: true | readonly string[];
  /** Whether clients on other machines can connect. @default false */
  allowRemote?: boolean;
  /**
   * Number of clients that can connect before {@linkcode PipeListener.accept} is called. Further
   * clients find the pipe busy, and wait. @default 4
   */
  backlog?: number;
  /** Maximum number of connections that are open at a time. @default Infinity */
  maxConnections?: number;
  /** Closes the listener when this signal is aborted. */
  signal?: AbortSignal;
}

/** The checks of {@linkcode ListenPipeOptions}. */
export const LISTEN_CHECKS: OptionChecks<ListenPipeOptions> = {
  ...PIPE_CHECKS,
  name: assertString,
  direction: oneOf(PIPE_DIRECTIONS),
  security: assertSecurity,
  packages: assertPackages,
  allowRemote: assertBoolean,
  backlog: integerFrom(1, 2 ** 16),
  maxConnections: (name, value) => {
    if (value !== Infinity) integerFrom(1)(name, value);
  },
  signal: assertSignal,
};

/** The default of {@linkcode ListenPipeOptions.backlog}: enough for a few clients at a time. */
const BACKLOG = 4;

const ERROR_NO_DATA = 232;
const ERROR_PIPE_CONNECTED = 535;
/**
 * The results of an instance that a client has connected to. With 535, the client came before the
 * wait for it. With 232, the client has gone since, but its bytes can still be read.
 */
const CONNECTED: readonly number[] = [0, ERROR_PIPE_CONNECTED, ERROR_NO_DATA];

let makeListener: (pipe: PipeSettings, options: ListenPipeOptions) => PipeListener;

/**
 * Creates a named pipe, and listens for its clients.
 *
 * @example Answer each client
 * ```ts
 * import { connectPipe, listenPipe } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenPipe({ name: "docs of listenPipe" });
 * const serving = (async () => {
 *   for await (const connection of listener) {
 *     // A client that dies must not end the server.
 *     connection.readable.pipeTo(connection.writable).catch(console.error);
 *   }
 * })();
 *
 * const client = await connectPipe("docs of listenPipe");
 * await client.write(new TextEncoder().encode("Hello"));
 * const buffer = new Uint8Array(5);
 * await client.read(buffer);
 * assertEquals(new TextDecoder().decode(buffer), "Hello");
 *
 * client.close();
 * listener.close();
 * await serving;
 * ```
 *
 * @throws {Deno.errors.AlreadyExists} If there is a pipe with this name.
 * @throws {TypeError} If an option is invalid.
 * @throws {RangeError} If the path has more than 256 characters.
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-server-using-overlapped-i-o}
 */
export function listenPipe(options: ListenPipeOptions): PipeListener {
  assertOptions(options, LISTEN_CHECKS);
  assertPipeOptions(options);
  const { mode, direction = "duplex", allowRemote = false, signal } = options;
  const path = localPipePath(options.name);
  signal?.throwIfAborted();
  return makeListener({
    path,
    label: `pipe "${path}"`,
    direction,
    hasMessages: mode === "messages",
    allowRemote,
    bufferSize: MAX_READ_SIZE,
  }, options);
}

/** An instance that waits for a client. */
interface Instance {
  handle: Handle;
  connect: FileOperation;
}

/**
 * Listens for the clients of a named pipe, similar to `Deno.Listener`.
 *
 * The connections outlive the listener.
 *
 * @example Take one client
 * ```ts
 * import { connectPipe, listenPipe, type PipeListener } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using listener: PipeListener = listenPipe({ name: "docs of PipeListener" });
 * await using client = await connectPipe("docs of PipeListener");
 * await using connection = await listener.accept({ timeout: 5000 });
 * assertEquals([connection.peer.pid, client.peer.pid], [Deno.pid, Deno.pid]);
 * ```
 */
export class PipeListener extends Uncloneable implements AsyncIterable<PipeConnection>, Disposable {
  /** The pipe's path: `\\.\pipe\x`. */
  readonly path: string;
  readonly #pipe: PipeSettings;
  readonly #options: ListenPipeOptions;
  /** The instance that holds the name. */
  readonly #first: Handle;
  readonly #cancellation: Cancellation;
  readonly #instances = new Set<Instance>();
  /** The connections that `accept()` has not taken, and the errors to throw there. */
  readonly #ready: AsyncQueue<PipeConnection | { error: unknown }>;
  #waiting = 0;
  #accepting = 0;
  #open = 0;
  #isHeld = true;
  #isClosed = false;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  static {
    makeListener = (...args) => new PipeListener(...args);
  }

  private constructor(pipe: PipeSettings, options: ListenPipeOptions) {
    super();
    this.path = pipe.path;
    this.#pipe = pipe;
    this.#options = options;
    this.#ready = new AsyncQueue(
      (timeout) =>
        new Deno.errors.TimedOut(`Waited ${timeout} ms for a client of the ${pipe.label}`),
      { isHeld: false },
    );
    const { first, early } = createPipe(pipe, sddlOf(options));
    this.#first = first;
    const { signal } = options;
    this.#cancellation = new Cancellation({ signal, onAbort: () => this.close() });
    try {
      for (const handle of early) this.#connect(handle);
      this.#addInstances();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Waits for the next client.
   *
   * A client that has gone since is a connection, too: its bytes can be read, and then its end.
   * Clients that come at nearly the same time can be taken in another order.
   *
   * @throws {Deno.errors.TimedOut} If no client came in time.
   * @throws {Deno.errors.BadResource} If the listener is closed, also during the wait.
   */
  async accept(options: WaitOptions = {}): Promise<PipeConnection> {
    const connection = await this.#next(options);
    if (connection !== undefined) return connection;
    throw new Deno.errors.BadResource(`The listener of the ${this.#pipe.label} is closed`);
  }

  /** Takes client after client, until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<PipeConnection> {
    for (let next; (next = await this.#next({})) !== undefined;) yield next;
  }

  /**
   * Stops listening. Connections that {@linkcode PipeListener.accept} has returned stay open. The
   * name is free when they are closed, too.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancellation[Symbol.dispose]();
    for (const instance of this.#instances) closeInstance(instance);
    this.#instances.clear();
    this.#ready.end();
    for (const next of this.#ready.takeAll()) {
      if (!("error" in next)) next.abort();
    }
    this.#first.close();
    this.#hold();
  }

  /** Makes a pending {@linkcode PipeListener.accept} keep the process alive, as by default. */
  ref(): void {
    this.#isHeld = true;
    this.#hold();
  }

  /** Lets the process end while {@linkcode PipeListener.accept} waits. */
  unref(): void {
    this.#isHeld = false;
    this.#hold();
  }

  /** Closes the listener at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Takes the next connection, or returns `undefined` if the listener is closed. */
  async #next(options: WaitOptions): Promise<PipeConnection | undefined> {
    this.#accepting++;
    this.#hold();
    try {
      const next = await this.#ready.take(options);
      if (next === undefined) return undefined;
      this.#waiting--;
      if ("error" in next) throw next.error;
      return next;
    } finally {
      this.#accepting--;
      this.#hold();
      this.#tryToAddInstances();
    }
  }

  /** Keeps the process alive if `accept()` waits, and lets the process end otherwise. */
  #hold(): void {
    const isHeld = this.#isHeld && this.#accepting > 0 && !this.#isClosed;
    for (const { connect } of this.#instances) connect.hold(isHeld);
    clearInterval(this.#keepAlive);
    // With `maxConnections` open connections, no instance waits, so no wait keeps the process alive.
    const isBare = isHeld && this.#instances.size === 0;
    this.#keepAlive = isBare ? setInterval(() => {}, MAX_TIMER) : undefined;
  }

  #tryToAddInstances(): void {
    try {
      this.#addInstances();
    } catch (error) {
      this.#put({ error });
    }
  }

  /** Adds instances until enough clients can connect. */
  #addInstances(): void {
    const { backlog = BACKLOG, maxConnections = Infinity } = this.#options;
    while (
      !this.#isClosed && this.#instances.size + this.#waiting < backlog &&
      this.#instances.size + this.#open < maxConnections
    ) {
      this.#addInstance();
    }
  }

  #addInstance(): void {
    using stack = new DisposableStack();
    const handle = stack.use(addPipeInstance(this.#pipe));
    // Clients can come at any time. So the waits for them take no thread of Deno's pool, which the
    // connections need.
    const connect = stack.use(new FileOperation(handle, { isInUse: false }));
    connect.reserve(0);
    const result = connect.beginConnect();
    stack.move();
    const instance = { handle, connect };
    this.#instances.add(instance);
    this.#hold();
    if (result === undefined) void this.#awaitClient(instance);
    else this.#admit(instance, result);
  }

  async #awaitClient(instance: Instance): Promise<void> {
    try {
      await instance.connect.untilOver({});
    } catch (error) {
      if (!this.#isClosed) this.#fail(instance, error);
      return;
    }
    if (this.#isClosed) return;
    this.#admit(instance, instance.connect.takeResult());
    this.#tryToAddInstances();
  }

  /** Makes a connection of an instance whose client has come. */
  #admit(instance: Instance, { code }: OperationResult): void {
    const { handle, connect } = instance;
    const { label } = this.#pipe;
    if (!CONNECTED.includes(code)) {
      const error = errorFromCode(
        code,
        "ConnectNamedPipe",
        `Cannot wait for a client of the ${label}`,
      );
      return this.#fail(instance, error);
    }
    this.#instances.delete(instance);
    this.#hold();
    connect.close();
    this.#connect(handle);
  }

  /** Makes a connection over an instance, for `accept()` to take. */
  #connect(handle: Handle): void {
    const { label, path, direction } = this.#pipe;
    const onClose = () => {
      this.#open--;
      this.#tryToAddInstances();
    };
    try {
      const end = { handle, label, path, direction, end: "server", onClose } as const;
      const connection = connectionOver(end, this.#options);
      this.#open++;
      this.#put(connection);
    } catch (error) {
      this.#put({ error });
    }
  }

  #fail(instance: Instance, error: unknown): void {
    this.#instances.delete(instance);
    closeInstance(instance);
    this.#put({ error });
  }

  #put(next: PipeConnection | { error: unknown }): void {
    this.#waiting++;
    this.#ready.put(next);
  }
}

function closeInstance({ handle, connect }: Instance): void {
  connect.close();
  handle.close();
}

/** Returns the descriptor that the options ask for. */
function sddlOf({ security = "user", packages }: ListenPipeOptions): Sddl {
  const sddl = sddlFor(security, PIPE_RIGHTS, packages && accountsOf(packages));
  if (packages === undefined || sddl !== security) return sddl;
  throw new TypeError("Leave out { packages }, and name the packages in the descriptor");
}

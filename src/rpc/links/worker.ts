/**
 * Links between a script and its Worker, by `postMessage`.
 *
 * Each side says hello when its link is made, and answers the first hello of the other side. So it
 * does not matter which side is earlier. Values wait until both sides have said hello.
 *
 * @module
 */

import { currentThread } from "../../../ffi/process_thread.ts";
import { requireHost } from "../../../ffi/platform.ts";
import { adviceFor } from "../../channel/ring/message.ts";
import { OwnerWatch, threadOwner } from "../../channel/peer/place.ts";
import type { WaitOptions } from "../../wait/options.ts";
import { AsyncQueue } from "../../wait/queue.ts";
import type { MessageLink } from "../link.ts";
import { linkOver, type Transport } from "./transport.ts";

/** The global object of a Worker, as far as a link uses it. */
export interface WorkerScope {
  /** Posts a message to the owner. The global object of the main thread has no such method. */
  postMessage?: unknown;
  /** Adds a listener for messages. */
  addEventListener: unknown;
}

/** A `Worker`, or the global object of a Worker. */
interface Port extends EventTarget {
  postMessage(message: unknown): void;
}

/** The first item of each message of a link. */
const MARK = "winipc link 1";

/** A message of a link. `from` and `to` are the ids of the two links. */
type Parcel =
  | [mark: string, kind: "hello", from: string, thread: bigint | undefined]
  | [mark: string, kind: "value", to: string, value: unknown]
  | [mark: string, kind: "end", to: string];

/** Pause in which messages of a Worker that has ended can still arrive, in milliseconds. */
const REST_PAUSE = 50;

/**
 * Makes a link between a script and its Worker. The script passes the `Worker`. The Worker passes
 * `self`, or nothing.
 *
 * Values go by `postMessage`: `SharedArrayBuffer`s stay shared. Windows and Deno do not say whether
 * the other side reads, so `send()` never waits for that. It waits only until the other side has
 * made its link.
 *
 * Messages of other kinds are left to the script. Messages of the link are arrays that begin with
 * `"winipc link 1"`. The script's own listeners can see them, too.
 *
 * The link ends with `ConnectionReset` if the Worker throws, calls `self.close()` or is terminated
 * without closing its link. An uncaught error of the Worker is then the `cause`, and does not end
 * this process. The Worker itself stays with the script: call `terminate()` when it is not needed.
 *
 * @example Call a Worker
 * ```ts
 * import { client, workerLink } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * const source = `
 *   import { serve, workerLink } from "@winipc/winipc/rpc";
 *   serve(workerLink(), { add: ([a, b]) => a + b });`;
 * type Handlers = { add: (args: [number, number]) => number };
 *
 * const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, {
 *   type: "module",
 * });
 * {
 *   await using calculator = client<Handlers>(workerLink(worker));
 *   assertEquals(await calculator.call("add", [1, 2]), 3);
 * }
 * worker.terminate();
 * ```
 *
 * @param worker The `Worker`; in a Worker, its global object. @default the global object
 * @throws {TypeError} If the argument is neither, or this thread is not a Worker and there is no
 *   argument.
 */
export function workerLink(worker: Worker | WorkerScope = globalThis): MessageLink {
  if (!isPort(worker)) {
    throw new TypeError(
      worker === globalThis
        ? "Cannot make a link to the owner of this Worker: this thread is not a Worker; pass the " +
          "Worker to link with"
        : "Expected the worker to be a Worker, or the global object of a Worker",
    );
  }
  requireHost();
  return linkOver(new WorkerTransport(worker, !(worker instanceof Worker)));
}

function isPort(value: unknown): value is Port {
  return value instanceof EventTarget && "postMessage" in value &&
    typeof value.postMessage === "function";
}

/** Carries values by `postMessage`. */
class WorkerTransport implements Transport<{ value: unknown }> {
  readonly label: string;
  readonly peer: { readonly pid: number } = { pid: Deno.pid };
  readonly #port: Port;
  readonly #id = crypto.randomUUID();
  readonly #received = new AsyncQueue<{ value: unknown }>();
  /** Aborted when the link is closed. It removes the listeners. */
  readonly #closing = new AbortController();
  /** The id of the other side's link. */
  #peerId: string | undefined;
  /** The values that wait for the other side, in their order. */
  readonly #waiting = new Set<{ value: unknown }>();
  /** Ends when the other side has said hello, or the link is over. */
  readonly #ready = new AsyncQueue<never>((timeout) => this.#late(timeout));
  #watch: OwnerWatch | undefined;
  /** Ends when the link has ended after the Worker's end. */
  #death: Promise<void> | undefined;
  /** The error that has ended the link. */
  #failure: Error | undefined;
  /** The uncaught error of the Worker. */
  #error: unknown;
  /** Whether this end is the Worker's. */
  readonly #isInside: boolean;
  /** The number of messages that have arrived. */
  #arrived = 0;

  constructor(port: Port, isInside: boolean) {
    this.label = isInside ? "link to the owner of this Worker" : "link to a Worker";
    this.#port = port;
    this.#isInside = isInside;
    const { signal } = this.#closing;
    port.addEventListener("message", (event) => this.#hear(event), { signal });
    port.addEventListener("messageerror", () => {
      const fault = "the other side has posted a message that cannot be decoded";
      this.#received.end(new Deno.errors.InvalidData(`The ${this.label} was closed: ${fault}`));
    }, { signal });
    if (!isInside) {
      port.addEventListener("error", (event) => {
        // The error is told by the link. Without this it would end the process of the owner.
        event.preventDefault();
        this.#error = event instanceof ErrorEvent ? event.error ?? event.message : undefined;
        this.#startDeath();
      }, { signal });
    }
    this.#hello();
  }

  encode(value: unknown): { value: unknown } {
    return { value };
  }

  decode({ value }: { value: unknown }): unknown {
    return value;
  }

  async send({ value }: { value: unknown }, options: WaitOptions): Promise<void> {
    if (this.#peerId !== undefined && this.#failure === undefined) {
      return this.#post([MARK, "value", this.#peerId, value]);
    }
    // The caller can change its value during the wait.
    const waiting = { value: this.#cloned(value) };
    this.#waiting.add(waiting);
    try {
      await this.#ready.take(options);
    } finally {
      this.#waiting.delete(waiting);
    }
    if (this.#peerId === undefined) {
      throw new Deno.errors.BadResource(`The ${this.label} is closed`);
    }
  }

  receive(): Promise<{ value: unknown } | undefined> {
    return this.#received.take();
  }

  async close(): Promise<void> {
    if (this.#peerId !== undefined) this.#post([MARK, "end", this.#peerId]);
    await this.abort();
  }

  async abort(): Promise<void> {
    using _watch = this.#watch;
    this.#closing.abort();
    this.#received.end();
    this.#ready.end();
    await this.#death;
  }

  #hello(): void {
    const thread = this.#isInside ? threadOwner(currentThread()) : undefined;
    this.#port.postMessage([MARK, "hello", this.#id, thread] satisfies Parcel);
  }

  #hear(event: Event): void {
    if (!(event instanceof MessageEvent) || !isParcel(event.data)) return;
    const [, kind, id, content]: unknown[] = event.data;
    if (kind === "hello" && typeof id === "string") return this.#meet(id, content);
    // A link that was made of this Worker before has another id.
    if (id !== this.#id) return;
    this.#arrived++;
    if (kind === "value") this.#received.put({ value: content });
    else if (kind === "end") this.#received.end();
    else {
      this.#received.end(
        new Deno.errors.InvalidData(`The ${this.label} was closed: it has got an unknown message`),
      );
    }
  }

  /** Notes the other side, and answers its first hello, which it may have said too early. */
  #meet(id: string, thread: unknown): void {
    if (this.#peerId !== undefined) return;
    this.#peerId = id;
    this.#hello();
    for (const { value } of this.#waiting) this.#post([MARK, "value", id, value]);
    this.#ready.end();
    if (typeof thread !== "bigint" || this.#isInside) return;
    const watch = OwnerWatch.open(BigInt.asUintN(64, thread));
    if (watch === "ended") return this.#startDeath();
    if (watch === "hidden") return;
    this.#watch = watch;
    watch.unref();
    watch.wait().then(() => this.#startDeath(), () => {});
  }

  /** A Worker that throws dies twice: by its error, and by the end of its thread. */
  #startDeath(): void {
    if (!this.#closing.signal.aborted) this.#death ??= this.#die();
  }

  /** Ends the link after the Worker's end, when all of the Worker's messages have arrived. */
  async #die(): Promise<void> {
    let before;
    do {
      before = this.#arrived;
      await new Promise((resolve) => setTimeout(resolve, REST_PAUSE));
    } while (before !== this.#arrived);
    const why = this.#error === undefined ? "the Worker has ended" : "the Worker has failed";
    const error = new Deno.errors.ConnectionReset(
      `The ${this.label} ended: ${why} without closing its link`,
      this.#error === undefined ? {} : { cause: this.#error },
    );
    this.#failure = error;
    this.#received.end(error);
    this.#ready.end(error);
  }

  #post(parcel: Parcel): void {
    try {
      this.#port.postMessage(parcel);
    } catch (error) {
      throw advised(error, parcel[3]);
    }
  }

  #cloned(value: unknown): unknown {
    try {
      return structuredClone(value);
    } catch (error) {
      throw advised(error, value);
    }
  }

  #late(timeout: number): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms to send over the ${this.label}: the other side has not called ` +
        "workerLink()",
    );
  }
}

function isParcel(data: unknown): data is unknown[] {
  return Array.isArray(data) && data[0] === MARK;
}

/** Adds to a `DataCloneError` what to send instead. */
function advised(error: unknown, value: unknown): unknown {
  if (!(error instanceof DOMException) || error.name !== "DataCloneError") return error;
  const advice = adviceFor(value);
  return advice === ""
    ? error
    : new DOMException(`${error.message.replace(/\.$/, "")}: ${advice}`, "DataCloneError");
}

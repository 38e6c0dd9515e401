/**
 * The links that requests and answers travel over: what each kind of link does for them.
 *
 * @module
 */

import type { WaitOptions } from "../wait/options.ts";

/** The other end of a link, as far as the link knows it. */
export interface LinkPeer {
  /** The process id; `undefined` or 0 if the link does not know it. */
  readonly pid?: number | undefined;
  /** The session of the process, if the link knows it. */
  readonly sessionId?: number | undefined;
  /** The path of the process's program, if the link knows it. */
  readonly imagePath?: string | undefined;
}

/**
 * A connection of two scripts that carries values in both directions, in order, and loses none.
 *
 * Values are those of the structured clone algorithm. A link makes no difference between requests
 * and answers: it passes each value on unread.
 *
 * @example Make a link of two queues in one script
 * ```ts
 * import { client, type MessageLink, serve } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * function pair(): [MessageLink, MessageLink] {
 *   const [a, b] = [new TransformStream<unknown>(), new TransformStream<unknown>()];
 *   return [end(a.readable, b.writable), end(b.readable, a.writable)];
 * }
 *
 * function end(readable: ReadableStream<unknown>, writable: WritableStream<unknown>): MessageLink {
 *   const writer = writable.getWriter();
 *   return {
 *     send: (value) => writer.write(structuredClone(value)),
 *     [Symbol.asyncIterator]: () => readable.values(),
 *     closed: writer.closed.then(() => {}, () => {}),
 *     [Symbol.asyncDispose]: () => writer.close().catch(() => {}),
 *   };
 * }
 *
 * const [near, far] = pair();
 * const handlers = { add: ([a, b]: [number, number]) => a + b };
 * await using _service = serve(far, handlers);
 * await using calculator = client<typeof handlers>(near);
 * assertEquals(await calculator.call("add", [1, 2]), 3);
 * ```
 */
export interface MessageLink extends AsyncDisposable {
  /**
   * Sends a value. The link clones the value before `send()` returns, so that the caller can change
   * it afterwards. Calls can overlap: values arrive in the order of the calls.
   *
   * The promise is fulfilled when the link has room for more values. A value of which the link has
   * sent nothing can still be stopped by the options.
   *
   * @returns A promise that rejects
   *
   *   - with a `DataCloneError` if the value cannot be cloned, or a `RangeError` if its clone is too
   *     long. The link goes on;
   *   - with the signal's reason or a `TimedOut`, if the value was stopped. The peer then gets
   *     nothing of the value, and the link goes on;
   *   - with any other error if the link is over: `BrokenPipe`, `ConnectionReset`, `BadResource`.
   */
  send(value: unknown, options?: WaitOptions): Promise<void>;

  /**
   * Receives values. One iterator at a time. While nobody iterates, the link receives one value
   * ahead, to learn of its end.
   *
   * The iterator ends after the last value if the peer closed the link, and at once if this end was
   * disposed of. It throws `Deno.errors.ConnectionReset` if the peer died, and
   * `Deno.errors.InvalidData` if the peer sent something that is no value of the link's format.
   */
  [Symbol.asyncIterator](): AsyncIterator<unknown>;

  /**
   * Is fulfilled when the link is over, for whatever reason. It never rejects.
   *
   * A value that nobody has taken holds the end back, so that the script can still take it. A script
   * that calls `next()` itself, and no longer does, holds the end back until a `send()` fails.
   */
  readonly closed: Promise<void>;

  /** The process at the other end, if the link knows it. Handlers get it as `context.peer`. */
  readonly peer?: LinkPeer | undefined;

  /** Keeps the process alive while the link is open, as at first. Absent if the link never does. */
  ref?(): void;

  /** Lets the process end while the link is open. */
  unref?(): void;

  /**
   * Closes the link. The peer gets each value whose `send()` was called before, and then the end. A
   * peer that does not read holds this up for a few seconds at most. A pending `send()` and a
   * pending `next()` settle. A second call does nothing more.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A source of links, such as a listener: it yields a link for each client that connects.
 *
 * An async generator of links is one. A source that waits for clients should have `close()`, because
 * nothing else ends that wait.
 */
export interface LinkSource extends AsyncIterable<MessageLink> {
  /** Stops listening, and ends the iteration. The service calls it when it shuts down. */
  close?(): void;
  /** Keeps the process alive while the source waits for clients, as at first. */
  ref?(): void;
  /** Lets the process end while the source waits for clients. */
  unref?(): void;
}

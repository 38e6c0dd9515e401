/**
 * Receives WM_COPYDATA, and messages that carry two numbers. A listener has a window on a thread of
 * its own. It answers at once, or asks handlers of the script.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 * @module
 */

import { errorFromCode } from "../../../ffi/error.ts";
import { createEvent, setEvent } from "../../../ffi/kernel_object.ts";
import { type Handle, Uncloneable } from "../../../ffi/handle.ts";
import { user32 } from "../../../ffi/win32/user32.ts";
import type { Thread } from "../../wait/thread.ts";
import { Cancellation, type WaitOptions } from "../../wait/options.ts";
import { AsyncQueue } from "../../wait/queue.ts";
import {
  type CopyDataAnswer,
  type CopyDataMessage,
  type ListenerWindowOptions,
  type MessageSender,
  receivedMessage,
  toAnswer,
  toWindowSettings,
} from "./message.ts";
import {
  Handling,
  type IncomingMessage,
  type IncomingNumbers,
  listenersOfThisThread,
  loadHandling,
  messageName,
  runHandler,
  WM_COPYDATA,
} from "../window/procedure.ts";
import {
  ListenerState,
  MAX_NESTED,
  type Ticket,
  type WindowSettings,
  type WindowThreadData,
  type WindowThreadNews,
} from "./protocol.ts";

/**
 * Answers a message other than WM_COPYDATA. Such a message carries two numbers.
 *
 * @param wParam The message's first parameter, unsigned.
 * @param lParam The message's second parameter, signed.
 * @param listener The listener whose window got the message.
 */
export type NumbersHandler = (
  wParam: bigint,
  lParam: bigint,
  listener: CopyDataListener,
) => CopyDataAnswer | Promise<CopyDataAnswer>;

/** Options of {@linkcode CopyDataListener.open}. */
export interface CopyDataListenerOptions extends ListenerWindowOptions {
  /**
   * Returns the answer to each WM_COPYDATA. If the handler throws, or takes longer than
   * `replyTimeout`, the answer is 0. Without `onMessage` each message is answered when it arrives,
   * and the script reads the messages by iterating over the listener.
   *
   * The handler first runs after `open()` has returned the listener. Before it answers, it can send
   * to other windows, also to the sender. Up to 16 messages can wait for answers of handlers at the
   * same time, each nested in the one before. A further message waits until the newest of them is
   * answered, or until its own sender's time is over.
   */
  onMessage?: (
    message: CopyDataMessage,
    listener: CopyDataListener,
  ) => CopyDataAnswer | Promise<CopyDataAnswer>;
  /** Whether to take a sender's message; a refused message is answered 0. @default all are taken */
  allow?: (sender: MessageSender, listener: CopyDataListener) => boolean | Promise<boolean>;
  /**
   * Receives each error that `onMessage`, `allow` or a function of `answers` throws. If one of them
   * is late, it receives a `Deno.errors.TimedOut`. A handler that is late and then throws is
   * reported twice. `message` is `undefined` for a function of `answers`.
   *
   * @default errors are only counted
   */
  onError?: (
    error: unknown,
    message: CopyDataMessage | undefined,
    listener: CopyDataListener,
  ) => void;
  /**
   * The answers to other messages, by their numbers from WM_USER (0x400) to 0xFFFF. The window's
   * thread answers with a constant at once, even while the script is busy. A function runs in the
   * script, and must answer within `replyTimeout`.
   *
   * @default 0 for all other messages
   */
  answers?: Readonly<Record<number, CopyDataAnswer | NumbersHandler>>;
}

/** Counts of the messages of a listener since it was opened. */
export interface CopyDataListenerStats {
  /**
   * Messages that were taken, and answered by `answer`, `onMessage` or a function of `answers`.
   * Answers by constants of `answers` are not counted.
   */
  accepted: number;
  /** Messages that were answered 0 because they had more than `maxByteLength` bytes. */
  tooLarge: number;
  /**
   * Messages that were answered 0 because `highWaterMark` messages waited or were being handled.
   */
  overflowed: number;
  /** Messages that were answered 0 because `allow` refused their sender. */
  denied: number;
  /** Messages that were answered 0 because a handler threw, or memory for a copy was missing. */
  failed: number;
  /** Messages that were answered 0 because no answer came within `replyTimeout`. */
  late: number;
  /** Messages that are waiting to be read, or are being handled, now. */
  waiting: number;
}

const WM_NULL = 0;
/** Pause before a post to a full message queue is repeated, in milliseconds. */
const WAKE_PAUSE = 10;

/** A message that a handler of the script must answer. */
interface Question {
  /** The WM_COPYDATA; left out for another message. */
  readonly message?: CopyDataMessage;
  /** The message's name for an error. */
  readonly name: string;
  /** The call of the handler. */
  readonly handling: Handling;
  /** Calls the handler. */
  readonly decide: () => Promise<Decision>;
}

/** Answers a question. Returns `false` if the question has already got its answer. */
type Reply = (answer: bigint) => boolean;

/** The result of a handler. */
interface Decision {
  readonly answer: bigint;
  readonly count: "accepted" | "denied";
  /** The message, if the script reads it later. */
  readonly toRead?: CopyDataMessage;
}

/**
 * A window that takes WM_COPYDATA from any program and passes it to the script.
 *
 * The window has a thread of its own, which waits for messages without polling. Without handlers
 * this thread answers each sender at once, even while the script is busy. Like a server, a listener
 * keeps the process alive until it is closed, or until {@linkcode CopyDataListener.unref} is called.
 *
 * @example Read messages
 * ```ts
 * import { CopyDataListener, sendCopyData } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await CopyDataListener.open();
 * assertEquals(await sendCopyData(listener, "Hello", { id: 7 }), 1n);
 * for await (const message of listener) {
 *   assertEquals([message.id, message.text()], [7n, "Hello"]);
 *   break;
 * }
 * ```
 *
 * @example Answer each message by its length
 * ```ts
 * import { CopyDataListener, sendCopyData } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await CopyDataListener.open({
 *   onMessage: (message) => message.text().length,
 * });
 * assertEquals(await sendCopyData(listener, "Hello"), 5n);
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 */
export class CopyDataListener extends Uncloneable
  implements AsyncIterable<CopyDataMessage>, AsyncDisposable {
  /** The name of the window's class. */
  readonly class: string;
  readonly #options: CopyDataListenerOptions;
  readonly #settings: WindowSettings;
  readonly #state = new ListenerState();
  /** The window's thread keeps the process alive, so a timeout must not. */
  readonly #received = new AsyncQueue<CopyDataMessage>(undefined, { isHeld: false });
  readonly #opened = Promise.withResolvers<bigint>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #answered: Handle;
  /** Fulfilled when `open()` has returned the listener to the script. */
  readonly #inUse = Promise.withResolvers<void>();
  /** The open questions of the window's thread, by the serial numbers of their tickets. */
  readonly #questions = new Map<number, Question>();
  #handle = 0n;
  #thread: Thread | undefined;

  private constructor(options: CopyDataListenerOptions) {
    super();
    this.#options = options;
    this.#settings = toWindowSettings(options);
    this.class = this.#settings.class;
    this.#answered = createEvent("the answers of a listener");
  }

  /**
   * Opens a window on a thread of its own.
   *
   * @throws {Deno.errors.AlreadyExists} If this process already has a window class of that name.
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If a number is out of range.
   */
  static async open(options: CopyDataListenerOptions = {}): Promise<CopyDataListener> {
    const listener = new CopyDataListener(options);
    await listener.#start();
    // Handlers can use the variable that gets the listener, so none runs before it has its value.
    setImmediate(() => listener.#inUse.resolve());
    return listener;
  }

  /** The window's handle (`HWND`). */
  get handle(): bigint {
    return this.#handle;
  }

  /**
   * A promise that is fulfilled when the window is closed and its thread has ended. Another program
   * can close the window too.
   */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** The counts of the messages since the listener was opened. */
  get stats(): CopyDataListenerStats {
    return { ...this.#state.counts, waiting: this.#state.inHand };
  }

  /**
   * Returns the next message, and waits until there is one.
   *
   * @returns The message; `undefined` if the listener is closed and all messages are read.
   * @throws {Deno.errors.TimedOut} If no message comes within `timeout`.
   * @throws {TypeError} If the listener has an `onMessage`, which gets all messages.
   */
  async receive(options?: WaitOptions): Promise<CopyDataMessage | undefined> {
    if (this.#options.onMessage !== undefined) {
      throw new TypeError(
        `Cannot receive messages of the listener of class "${this.class}": its onMessage gets ` +
          "them; open a listener without onMessage",
      );
    }
    // The window's thread keeps the messages that arrive while no call waits for them.
    if (this.#received.isEmpty && this.#state.want()) this.#wake();
    const message = await this.#received.take(options);
    if (message !== undefined) this.#state.release();
    return message;
  }

  /**
   * Returns the messages one after another, until the listener is closed and all are read. A script
   * can leave the loop and start another one later: unread messages are kept, also after `close()`.
   */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<CopyDataMessage> {
    for (let message; (message = await this.receive()) !== undefined;) yield message;
  }

  /** Allows the process to end while the listener is open. */
  unref(): void {
    this.#thread?.unref();
  }

  /** Keeps the process alive while the listener is open. This is the state after `open()`. */
  ref(): void {
    this.#thread?.ref();
  }

  /**
   * Closes the window and ends its thread. Messages that were answered can still be read.
   *
   * This waits until running handlers have answered or their `replyTimeout` is over. So a handler
   * must not await it.
   */
  async close(): Promise<void> {
    if (!this.#state.stopping) {
      this.#state.stop();
      this.#wake();
    }
    this.ref();
    await this.finished;
  }

  /** Closes the listener at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    try {
      if (this.#hasHandlers) await loadHandling();
      // Imported at the first use, because most scripts have no listener.
      const { PROGRAM } = await import("./worker_program.ts");
      const { asParent, Thread } = await import("../../wait/thread.ts");
      const data: WindowThreadData = {
        ...this.#settings,
        state: this.#state.buffer,
        answered: this.#answered.value,
        parent: asParent(),
      };
      this.#thread = await Thread.start(PROGRAM, {
        path: "src/messages/listen/worker_program.ts",
        data,
        hasWindow: true,
        onMessage: (news) => this.#hear(news as WindowThreadNews),
        onEnd: (error) => this.#end(error),
      });
      this.#handle = await this.#opened.promise;
    } catch (error) {
      if (this.#thread !== undefined) await this.finished;
      this.#answered.close();
      throw error;
    }
    if (!this.#settings.asks) return;
    listenersOfThisThread.set(this.#handle, {
      hear: (message) => this.#hearOwn(message),
      hearNumbers: (message) => this.#hearOwnNumbers(message),
    });
  }

  /** Whether any answer comes from a handler of the script. */
  get #hasHandlers(): boolean {
    return this.#settings.asks ||
      this.#settings.answers.values().some((answer) => answer === "ask");
  }

  #hear(news: WindowThreadNews): void {
    switch (news.news) {
      case "opened":
        return this.#opened.resolve(news.handle);
      case "not opened":
        return this.#opened.reject(
          errorFromCode(news.code, news.api, `Cannot open a window of class "${this.class}"`),
        );
      case "messages":
        for (const message of news.messages) this.#received.put(this.#toMessage(message));
        return;
      case "question":
        return this.#ask(news.ticket, this.#toQuestion(news.message));
      case "numbers":
        return this.#ask(news.ticket, this.#toQuestionOf(news));
      case "late": {
        const question = this.#questions.get(news.ticket.serial)!;
        this.#questions.delete(news.ticket.serial);
        this.#reportLate(question, news.ticket.depth);
      }
    }
  }

  /** Asks a handler for the answer to a question of the window's thread. */
  #ask(ticket: Ticket, question: Question): void {
    this.#questions.set(ticket.serial, question);
    void this.#respond(question, (answer) => {
      if (!this.#state.answer(ticket, answer)) return false;
      this.#questions.delete(ticket.serial);
      setEvent(this.#answered);
      return true;
    });
  }

  /** Takes a message that this thread sends, and returns its answer. */
  #hearOwn(incoming: IncomingMessage): Promise<bigint> {
    return this.#askHere(incoming.bytes.length, this.#toQuestion(incoming));
  }

  #hearOwnNumbers(numbers: IncomingNumbers): Promise<bigint> | undefined {
    const answer = this.#settings.answers.get(numbers.number);
    if (answer === undefined) return undefined;
    return answer === "ask"
      ? this.#askHere(0, this.#toQuestionOf(numbers))
      : Promise.resolve(answer);
  }

  /** Asks a handler for the answer to a message that this thread sends. */
  async #askHere(byteLength: number, question: Question): Promise<bigint> {
    if (!this.#state.admit(byteLength, this.#settings)) return 0n;
    const { promise, resolve } = Promise.withResolvers<bigint>();
    let waiting = true;
    const reply = (answer: bigint) => {
      const first = waiting;
      waiting = false;
      resolve(answer);
      return first;
    };
    void this.#respond(question, reply);
    using _ = new Cancellation({
      timeout: this.#settings.replyTimeout,
      onTimeout: () => {
        if (!reply(0n)) return;
        this.#state.count("late");
        this.#reportLate(question);
      },
    });
    return await promise;
  }

  #toQuestion(incoming: IncomingMessage): Question {
    const handling = new Handling();
    const message = this.#toMessage(incoming, handling);
    const decide = () => this.#decide(message);
    return { name: messageName(WM_COPYDATA), message, handling, decide };
  }

  #toQuestionOf(numbers: IncomingNumbers): Question {
    const decide = () => this.#decideNumbers(numbers);
    return { name: messageName(numbers.number), handling: new Handling(), decide };
  }

  #toMessage(incoming: IncomingMessage, handling?: Handling): CopyDataMessage {
    return receivedMessage(incoming, { handle: this.#handle, handling });
  }

  /** Calls a handler for a message, and answers the message by the result. */
  async #respond({ message, handling, decide }: Question, reply: Reply): Promise<void> {
    try {
      await this.#inUse.promise;
      const { answer, count, toRead } = await runHandler(handling, decide);
      if (!reply(answer)) return;
      this.#state.count(count);
      if (toRead === undefined) return;
      // The message counts against highWaterMark until the script reads it.
      this.#state.keep();
      this.#received.put(toRead);
    } catch (error) {
      if (reply(0n)) this.#state.count("failed");
      this.#options.onError?.(error, message, this);
    } finally {
      handling.end();
      this.#state.release();
    }
  }

  async #decide(message: CopyDataMessage): Promise<Decision> {
    const { allow, onMessage } = this.#options;
    if (allow !== undefined && !(await allow(message.sender, this))) {
      return { answer: 0n, count: "denied" };
    }
    return onMessage === undefined
      ? { answer: this.#settings.answer, count: "accepted", toRead: message }
      : { answer: toAnswer(await onMessage(message, this)), count: "accepted" };
  }

  async #decideNumbers({ number, wParam, lParam }: IncomingNumbers): Promise<Decision> {
    const handler = this.#options.answers?.[number];
    const answer = typeof handler === "function" ? await handler(wParam, lParam, this) : handler;
    return { answer: toAnswer(answer), count: "accepted" };
  }

  /** Reports to `onError` that a handler was late, so that the sender got 0. */
  #reportLate({ name, message, handling }: Question, depth = 0): void {
    handling.end();
    const { replyTimeout } = this.#settings;
    const hint = depth + 1 < MAX_NESTED
      ? ""
      : `; ${MAX_NESTED} messages were waiting for answers, and the listener lets no more in`;
    const error = new Deno.errors.TimedOut(
      `The handler of ${name} in the listener of class "${this.class}" did not answer within ` +
        `${replyTimeout} ms (replyTimeout): the sender got 0${hint}`,
    );
    // In a microtask, because an error of onError must not stop #hear().
    queueMicrotask(() => this.#options.onError?.(error, message, this));
  }

  /** Wakes the window's thread, so that it checks the shared state. */
  #wake(): void {
    if (this.#answered.closed) return;
    // If another window has got the handle of a closed one, WM_NULL does nothing there.
    const posted = user32().PostMessageW(this.#handle, WM_NULL, 0n, 0n) !== 0;
    // Other programs can fill the queue. It has room again after the thread has read it.
    if (!posted) setTimeout(() => this.#wake(), WAKE_PAUSE);
  }

  #end(error: Error | undefined): void {
    this.#opened.reject(
      error ?? new Error(`The thread of the listener of class "${this.class}" has ended`),
    );
    this.#answered.close();
    listenersOfThisThread.delete(this.#handle);
    for (const { handling } of this.#questions.values()) handling.end();
    this.#questions.clear();
    this.#received.end(error);
    this.#finished.resolve();
  }
}

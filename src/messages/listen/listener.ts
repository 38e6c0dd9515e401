/**
 * Receiving WM_COPYDATA, and messages that bring two numbers: a window of one's own, on a thread of its
 * own, that answers at once or by handlers of the script.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 * @module
 */

import { errorFromCode } from "../../../ffi/error.ts";
import { createEvent, setEvent } from "../../../ffi/kernel_object.ts";
import { type Handle, Uncloneable } from "../../../ffi/handle.ts";
import { user32 } from "../../../ffi/win32/user32.ts";
import { asParent, Thread } from "../../wait/thread.ts";
import { Cancellation, type WaitOptions } from "../../wait/options.ts";
import { AsyncQueue } from "../../wait/queue.ts";
import { type CopyDataMessage, type MessageSender, receivedMessage } from "./message.ts";
import {
  Handling,
  type IncomingMessage,
  type IncomingNumbers,
  listenersOfThisThread,
  loadHandling,
  runHandler,
} from "../window/own.ts";
import {
  ListenerState,
  MAX_NESTED,
  type Ticket,
  type WindowSettings,
  type WindowThreadData,
  type WindowThreadNews,
} from "./protocol.ts";
import {
  type CopyDataAnswer,
  type ListenerWindowOptions,
  toAnswer,
  toWindowSettings,
} from "./options.ts";
import { messageName, WM_COPYDATA } from "../window/procedure.ts";

/**
 * Answers a message of the sender's own, which brings two numbers.
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

/** What a listener is to be like. */
export interface CopyDataListenerOptions extends ListenerWindowOptions {
  /**
   * Gives the answer to each message; without it, messages are read by iterating, and
   * answered as soon as they have come. Where it throws, or takes longer than
   * `replyTimeout`, the answer is 0.
   *
   * It is called when the script that opens the listener has gone on, and not before. Before it
   * answers it may ask other windows, also the sender. Up to 16 questions are open in a listener at a
   * time, one inside the other; what comes then waits until its sender's time is over.
   */
  onMessage?: (
    message: CopyDataMessage,
    listener: CopyDataListener,
  ) => CopyDataAnswer | Promise<CopyDataAnswer>;
  /** Whether to take messages of a sender; who is refused is answered 0. @default everybody's are taken */
  allow?: (sender: MessageSender, listener: CopyDataListener) => boolean | Promise<boolean>;
  /**
   * Gets what `onMessage`, `allow` or a function of `answers` threw, and a `Deno.errors.TimedOut` when
   * one of them is late; a handler that is late and throws is reported twice. `message` is undefined for
   * a function of `answers`. @default errors are only counted
   */
  onError?: (
    error: unknown,
    message: CopyDataMessage | undefined,
    listener: CopyDataListener,
  ) => void;
  /**
   * The answers to other messages, by their numbers from WM_USER (0x400) to 0xFFFF. The window's thread
   * gives a constant at once, whatever the script does; for a function, the script is asked, and has
   * `replyTimeout` for it. @default 0 to all of them
   */
  answers?: Readonly<Record<number, CopyDataAnswer | NumbersHandler>>;
}

/** What became of the messages so far. */
export interface CopyDataListenerStats {
  /**
   * Taken, and answered as `answer`, `onMessage` or a function of `answers` says. Constants of `answers`
   * are not counted.
   */
  accepted: number;
  /** Answered 0, for they had more than `maxByteLength` bytes. */
  tooLarge: number;
  /** Answered 0, for `highWaterMark` messages were waiting or being handled. */
  overflowed: number;
  /** Answered 0, for `allow` said so. */
  denied: number;
  /** Answered 0, for something threw. */
  failed: number;
  /** Answered 0, for `replyTimeout` was over. */
  late: number;
  /** Waiting to be read, or being handled, now. */
  waiting: number;
}

const WM_NULL = 0;
/** How long to wait before a full queue is tried again, in milliseconds. */
const WAKE_PAUSE = 10;

/** A question to the script. */
interface Question {
  /** The WM_COPYDATA; none for another message. */
  readonly message?: CopyDataMessage;
  /** What is answered, for an error. */
  readonly name: string;
  /** The handler's work. */
  readonly handling: Handling;
  /** Has a handler of the script decide. */
  readonly decide: () => Promise<Decision>;
}

/** Gives the answer, and says whether it was still waited for. */
type Reply = (answer: bigint) => boolean;

/** What a handler has decided. */
interface Decision {
  readonly answer: bigint;
  readonly count: "accepted" | "denied";
  /** The message, if it is to be read. */
  readonly toRead?: CopyDataMessage;
}

/**
 * A window that takes WM_COPYDATA from any program and gives it to the script.
 *
 * The window has a thread of its own that stands in the message loop, so that a
 * sender is answered at once, whatever the script does, and nothing is polled. From a local
 * checkout the thread needs `--allow-read`, from JSR nothing. Like a server, a listener
 * holds the process until it is closed, or {@linkcode CopyDataListener.unref}.
 *
 * @example Reading messages
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
 * @example Answering them
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
  /** The name of its window's class. */
  readonly class: string;
  readonly #options: CopyDataListenerOptions;
  readonly #settings: WindowSettings;
  readonly #state = new ListenerState();
  readonly #received = new AsyncQueue<CopyDataMessage>();
  readonly #opened = Promise.withResolvers<bigint>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #answered: Handle;
  /** Is fulfilled when the script that opened the listener has gone on. */
  readonly #inUse = Promise.withResolvers<void>();
  /** What the window's thread waits for, by the serial numbers of its tickets. */
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
   * Opens a window, and a thread for it.
   *
   * @throws {Deno.errors.AlreadyExists} If this process has a window class of that name already.
   * @throws {Deno.errors.NotCapable} If this module is a local file and may not be read.
   * @throws {TypeError} If an option is of the wrong kind.
   * @throws {RangeError} If a number is out of range.
   */
  static async open(options: CopyDataListenerOptions = {}): Promise<CopyDataListener> {
    const listener = new CopyDataListener(options);
    await listener.#start();
    // Not before whoever awaits this has got it: a handler may name the listener.
    setImmediate(() => listener.#inUse.resolve());
    return listener;
  }

  /** The window's handle (`HWND`). */
  get handle(): bigint {
    return this.#handle;
  }

  /** Is fulfilled when the window is closed and its thread is over, whoever closed it. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** What became of the messages so far. */
  get stats(): CopyDataListenerStats {
    return { ...this.#state.counts, waiting: this.#state.inHand };
  }

  /**
   * Reads the next message, or waits for one.
   *
   * @returns The message; `undefined` when the listener is closed and all are read.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {TypeError} If messages go to `onMessage`.
   */
  async receive(options?: WaitOptions): Promise<CopyDataMessage | undefined> {
    if (this.#options.onMessage !== undefined) {
      throw new TypeError("Cannot read the messages of a listener that gives them to onMessage");
    }
    // The window's thread keeps what comes while nobody waits for it.
    if (this.#received.isEmpty && this.#state.want()) this.#wake();
    const message = await this.#received.take(options);
    if (message !== undefined) this.#state.release();
    return message;
  }

  /**
   * Reads the messages until the listener is closed; whoever leaves the loop can go on later,
   * for those that are not read are kept, also when it is closed.
   */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<CopyDataMessage> {
    for (let message; (message = await this.receive()) !== undefined;) yield message;
  }

  /** Lets the process end while the listener is open. */
  unref(): void {
    this.#thread?.unref();
  }

  /** Makes the process live for as long as the listener is open, as it is at first. */
  ref(): void {
    this.#thread?.ref();
  }

  /**
   * Closes the window and ends its thread; messages that were answered can still be read.
   *
   * Handlers that are at work may end, and have the rest of their `replyTimeout` for it; so a
   * handler must not wait for this.
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
    const data: WindowThreadData = {
      ...this.#settings,
      state: this.#state.buffer,
      answered: this.#answered.value,
      parent: asParent(),
    };
    try {
      if (this.#hasHandlers) await loadHandling();
      this.#thread = await Thread.start(import.meta.resolve("./worker.ts"), {
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

  /** Whether the script is ever asked for an answer. */
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

  /** Has the script answer a question of the window's thread. */
  #ask(ticket: Ticket, question: Question): void {
    this.#questions.set(ticket.serial, question);
    void this.#respond(question, (answer) => {
      if (!this.#state.answer(ticket, answer)) return false;
      this.#questions.delete(ticket.serial);
      setEvent(this.#answered);
      return true;
    });
  }

  /** Takes a message that this thread sends, and gives the answer to it. */
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

  /** Has the script answer a message of its own. */
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

  /** Has a handler of the script decide about a message, and answers it. */
  async #respond({ message, handling, decide }: Question, reply: Reply): Promise<void> {
    try {
      await this.#inUse.promise;
      const { answer, count, toRead } = await runHandler(handling, decide);
      if (!reply(answer)) return;
      this.#state.count(count);
      if (toRead === undefined) return;
      // It stays in hand until it is read.
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

  /** Tells that the sender has got 0, because the handler took too long. */
  #reportLate({ name, message, handling }: Question, depth = 0): void {
    handling.end();
    const { replyTimeout } = this.#settings;
    const hint = depth + 1 < MAX_NESTED
      ? ""
      : `; ${MAX_NESTED} questions were open, one inside the other, and no more are taken`;
    const error = new Deno.errors.TimedOut(
      `The handler of ${name} of the listener of class "${this.class}" did not answer within ` +
        `${replyTimeout} ms (replyTimeout): the sender got 0${hint}`,
    );
    // Not in here: what it throws would end the hearing of what the window's thread says.
    queueMicrotask(() => this.#options.onError?.(error, message, this));
  }

  /** Has the window's thread look at the state. */
  #wake(): void {
    if (this.#answered.closed) return;
    // Should the window be gone and its number be another's, this message means nothing there.
    const posted = user32().PostMessageW(this.#handle, WM_NULL, 0n, 0n) !== 0;
    // A stranger can fill the queue, which then has room again as soon as the thread looks.
    if (!posted) setTimeout(() => this.#wake(), WAKE_PAUSE);
  }

  #end(error: Error | undefined): void {
    this.#opened.reject(error ?? new Error("The listener's thread ended"));
    this.#answered.close();
    listenersOfThisThread.delete(this.#handle);
    for (const { handling } of this.#questions.values()) handling.end();
    this.#questions.clear();
    this.#received.end(error);
    this.#finished.resolve();
  }
}

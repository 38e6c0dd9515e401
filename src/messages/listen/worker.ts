/**
 * The thread of a listener's window. It blocks in the message loop, where Windows calls the window
 * procedure for each message at once.
 *
 * @module
 */

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { Win32Error } from "../../../ffi/error.ts";
import { Parent } from "../../wait/thread.ts";
import {
  type IncomingMessage,
  type IncomingNumbers,
  type ReceivedCopyData,
  waitForMessage,
  waitForObjects,
  WM_COPYDATA,
} from "../window/procedure.ts";
import {
  type Count,
  ListenerState,
  MAX_NESTED,
  type Ticket,
  type WindowThreadData,
  type WindowThreadNews,
} from "./protocol.ts";
import { MessageWindow, type WindowMessage } from "../window/message_window.ts";

const WM_ENDSESSION = 0x16;
/**
 * Maximum number of messages that a stopped listener refuses before it closes its window in any
 * case. Otherwise programs that keep sending could keep the window open for ever.
 */
const MAX_REFUSED = 100;

/** A listener's window, and the state of its procedure. */
class WindowThread {
  readonly #options: WindowThreadData;
  readonly #state: ListenerState;
  readonly #parent: Parent;
  /**
   * Messages that were not posted to the script, because it does not wait for messages now. Posting
   * a message takes longer than everything else here.
   */
  #untold: IncomingMessage[] = [];
  /** The open questions to the script, each nested in the one before. */
  readonly #open: { ticket: Ticket; deadline: number }[] = [];
  /** Number of messages refused since the listener was stopped and no handler had time left. */
  #refused = 0;
  /** `undefined` while the window is being opened; its first messages arrive at that time. */
  #window: MessageWindow | undefined;

  constructor(options: WindowThreadData, parent: Parent) {
    this.#options = options;
    this.#parent = parent;
    this.#state = new ListenerState(options.state);
  }

  /** Takes messages until the window is closed or the script's thread has ended. */
  run(): void {
    using window = this.#openWindow();
    if (window === undefined) return;
    this.#window = window;
    tell({ news: "opened", handle: window.handle });
    while (!window.closed && !this.#parent.hasEnded) {
      try {
        this.#take(window);
      } catch (error) {
        // A message that cannot be taken does not end the loop.
        if (error instanceof Win32Error) throw error;
        this.#state.count("failed");
      }
    }
    if (!this.#parent.hasEnded) this.#tellMessages();
  }

  /**
   * Takes all messages until the window is closed, or only the next ones if the script is a Worker.
   */
  #take(window: MessageWindow): void {
    const { handles } = this.#parent;
    if (handles.length === 0) return window.run();
    waitForMessage(handles);
    window.pump();
  }

  #openWindow(): MessageWindow | undefined {
    const procedure = (message: WindowMessage) => this.#procedure(message);
    try {
      const { class: className, title, visibility } = this.#options;
      const window = MessageWindow.open({ class: className, title, visibility, procedure });
      if (this.#options.acceptLowerIntegrity) window.acceptLowerIntegrity(WM_COPYDATA);
      return window;
    } catch (error) {
      const cause = error instanceof Error ? error.cause ?? error : error;
      if (!(cause instanceof Win32Error)) throw error;
      tell({ news: "not opened", api: cause.api, code: cause.code });
    }
  }

  #procedure({ message, wParam, lParam, copyData }: WindowMessage): bigint | undefined {
    // The script changes the state, and posts WM_NULL so that this procedure checks the state.
    // While the window is being destroyed, its last messages arrive here too.
    if (this.#state.stopping && this.#window?.closed === false) {
      if (!this.#isAnyWaiting) this.#refused++;
      if (this.#canClose) this.#window.close();
      return 0n;
    }
    if (this.#state.noteUntold(this.#untold.length)) this.#tellMessages();
    if (copyData !== undefined) return this.#receive(copyData, wParam);
    if (message === WM_ENDSESSION && wParam !== 0n) this.#window?.close();
    const answer = this.#options.answers.get(message);
    return answer === "ask" ? this.#askNumbers({ number: message, wParam, lParam }) : answer;
  }

  /**
   * Whether the window can be closed. Running handlers keep the rest of their time, and the calls
   * that wait for their answers must return first. If other programs keep sending, these calls may
   * never return. So the window is also closed when no handler has time left and more than
   * {@linkcode MAX_REFUSED} messages were refused.
   */
  get #canClose(): boolean {
    return this.#open.length === 0 || !this.#isAnyWaiting && this.#refused > MAX_REFUSED;
  }

  /** Whether a handler is running and has time left for its answer. */
  get #isAnyWaiting(): boolean {
    const now = performance.now();
    return this.#open.some(({ ticket, deadline }) =>
      this.#state.isWaiting(ticket) && now < deadline
    );
  }

  #receive(data: ReceivedCopyData, sender: bigint): bigint {
    if (!this.#admit(data.byteLength)) return 0n;
    let message: IncomingMessage;
    try {
      message = { id: data.id, bytes: data.bytes, sender };
    } catch {
      // There is not enough memory for a copy.
      this.#state.release();
      return this.#refuse("failed");
    }
    if (this.#options.asks) {
      return this.#ask((ticket) => tell({ news: "question", message, ticket }, [message]));
    }
    this.#untold.push(message);
    if (this.#state.noteUntold(this.#untold.length)) this.#tellMessages();
    this.#state.count("accepted");
    return this.#options.answer;
  }

  /** Admits a message if the limits allow it. Otherwise counts the reason and returns `false`. */
  #admit(byteLength: number): boolean {
    if (this.#open.length < MAX_NESTED) return this.#state.admit(byteLength, this.#options);
    this.#state.count("overflowed");
    return false;
  }

  #askNumbers(numbers: IncomingNumbers): bigint {
    if (!this.#admit(0)) return 0n;
    return this.#ask((ticket) => tell({ news: "numbers", ...numbers, ticket }));
  }

  /** Posts a question to the script and waits for the answer. Lets other messages in until then. */
  #ask(tellQuestion: (ticket: Ticket) => void): bigint {
    const deadline = performance.now() + this.#options.replyTimeout;
    const ticket = this.#state.ask(this.#open.length);
    tellQuestion(ticket);
    this.#open.push({ ticket, deadline });
    try {
      while (this.#state.isWaiting(ticket)) {
        const left = this.#parent.hasEnded ? 0 : Math.ceil(deadline - performance.now());
        // The parent comes first: after its end, the event's handle may belong to another object,
        // which the wait must not change.
        const objects = [...this.#parent.handles, this.#options.answered];
        if (left > 0) waitForObjects(objects, left, this.#open.length < MAX_NESTED);
        else if (this.#state.giveUp(ticket)) {
          tell({ news: "late", ticket });
          return this.#refuse("late");
        }
      }
      return this.#state.answerTo(ticket);
    } finally {
      this.#open.pop();
    }
  }

  #refuse(why: Count): bigint {
    this.#state.count(why);
    return 0n;
  }

  /** Posts all messages to the script that were not posted yet. */
  #tellMessages(): void {
    this.#state.noteTold();
    tell({ news: "messages", messages: this.#untold }, this.#untold);
    this.#untold = [];
  }
}

function tell(news: WindowThreadNews, messages: IncomingMessage[] = []): void {
  parentPort!.postMessage(news, messages.map(({ bytes }) => bytes.buffer));
}

function run(options: WindowThreadData): void {
  using parent = new Parent(options.parent);
  new WindowThread(options, parent).run();
}

if (!isMainThread) run(workerData);

/**
 * The thread of a listener's window: it stands in the message loop, where a message
 * that is sent runs the window procedure at once.
 *
 * @module
 */

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { Win32Error } from "../../../ffi/error.ts";
import { Parent } from "../../wait/thread.ts";
import type { IncomingMessage, IncomingNumbers } from "../window/own.ts";
import {
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
/** Maximum number of messages that are refused for the sake of answers that are on their way out. */
const MAX_REFUSED = 100;

/** A listener's window, and what its procedure knows. */
class WindowThread {
  readonly #options: WindowThreadData;
  readonly #state: ListenerState;
  readonly #parent: Parent;
  /** What the script was not told of, for it was not waiting: telling it takes longer than the rest. */
  #untold: IncomingMessage[] = [];
  /** The messages that are waiting for their answers, one inside the other. */
  readonly #open: { ticket: Ticket; deadline: number }[] = [];
  /** How many messages were refused since all those were answered and the window is to be closed. */
  #refused = 0;
  /** Not there yet while it is being made, when the first messages come. */
  #window: MessageWindow | undefined;

  constructor(options: WindowThreadData, parent: Parent) {
    this.#options = options;
    this.#parent = parent;
    this.#state = new ListenerState(options.state);
  }

  /** Takes messages until the window is closed, by whomever. */
  run(): void {
    using window = this.#openWindow();
    if (window === undefined) return;
    this.#window = window;
    tell({ news: "opened", handle: window.handle });
    while (!window.closed && !this.#parent.hasEnded) {
      try {
        this.#take(window);
      } catch (error) {
        // One message that cannot be taken does not end the others.
        if (error instanceof Win32Error) throw error;
        this.#state.count("failed");
      }
    }
    if (!this.#parent.hasEnded) this.#tellMessages();
  }

  /** Takes messages: all until the window is closed, or the next ones if the script's thread can end before. */
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
    // The script changes the state, and posts a message so that this is looked at. While the window is
    // being destroyed its last messages come here too.
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
   * Whether the window can be closed. Handlers that are at work keep the rest of their time, and the
   * calls that wait for their answers have to return first. If strangers keep sending, these calls may
   * never return. So the window is also closed when no answer is waited for and 100 messages were refused.
   */
  get #canClose(): boolean {
    return this.#open.length === 0 || !this.#isAnyWaiting && this.#refused > MAX_REFUSED;
  }

  /** Whether a handler is at work, and has time left for its answer. */
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
      // There is no memory for a copy.
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

  /** Takes a message in hand, or counts why not. */
  #admit(byteLength: number): boolean {
    if (this.#open.length < MAX_NESTED) return this.#state.admit(byteLength, this.#options);
    this.#state.count("overflowed");
    return false;
  }

  #askNumbers(numbers: IncomingNumbers): bigint {
    if (!this.#admit(0)) return 0n;
    return this.#ask((ticket) => tell({ news: "numbers", ...numbers, ticket }));
  }

  /**
   * Has the script give the answer, and lets other messages in meanwhile.
   *
   * @param tellQuestion Tells the script what it is to answer.
   */
  #ask(tellQuestion: (ticket: Ticket) => void): bigint {
    const deadline = performance.now() + this.#options.replyTimeout;
    const ticket = this.#state.ask(this.#open.length);
    tellQuestion(ticket);
    this.#open.push({ ticket, deadline });
    try {
      while (this.#state.isWaiting(ticket)) {
        const left = this.#parent.hasEnded ? 0 : Math.ceil(deadline - performance.now());
        // The parent first: when it has ended, the event may be somebody else's.
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

  /** Tells the script of all messages that it does not know of. */
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

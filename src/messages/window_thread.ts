/**
 * The thread of a listener's window: it stands in the message loop, where a message
 * that is sent runs the window procedure at once.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { Win32Error } from "../../ffi/error.ts";
import { waitForEvent } from "./event_wait.ts";
import {
  type Count,
  type Limits,
  ListenerState,
  MOST_NESTED,
  type Ticket,
} from "./listener_state.ts";
import { MessageWindow, type WindowMessage, WM_COPYDATA } from "./message_window.ts";
import type { ReceivedCopyData } from "./received_copy_data.ts";

/** What a listener's thread is started with. */
export interface WindowThreadData extends Limits {
  /** The name of the window's class. */
  class: string;
  /** The window's title. */
  title: string;
  /** Who finds the window. */
  visibility: "message-only" | "hidden";
  /** Whether programs with fewer rights may send. */
  acceptLowerIntegrity: boolean;
  /** What messages are answered that the script is not asked about. */
  answer: bigint;
  /** How long the script may take for an answer, in milliseconds; `undefined` if it is not asked. */
  replyTimeout: number | undefined;
  /** The memory of the listener's state. */
  state: SharedArrayBuffer;
  /** The event that is set when there is an answer. */
  answered: bigint;
}

/** A message as it came. */
export interface IncomingMessage {
  /** The number that tells what the data is. */
  id: bigint;
  /** The data. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The window that is named as the sender's, or 0. */
  sender: bigint;
}

/** What the thread tells the script. */
export type WindowThreadNews =
  | { news: "opened"; handle: bigint }
  | { news: "not opened"; api: string; code: number }
  | { news: "messages"; messages: IncomingMessage[] }
  | { news: "question"; message: IncomingMessage; ticket: Ticket };

const WM_QUERYENDSESSION = 0x11;
const WM_ENDSESSION = 0x16;

const options: WindowThreadData = workerData;
const state = new ListenerState(options.state);
/** What the script was not told of, for it was not waiting: telling it takes longer than the rest. */
let untold: IncomingMessage[] = [];
/** How many messages are waiting for their answers, one inside the other. */
let depth = 0;

// Messages come before it is there, while it is being made.
let window: MessageWindow | undefined = undefined;
window = openWindow();
if (window !== undefined) {
  tell({ news: "opened", handle: window.handle });
  run(window);
  window.close();
  tellMessages();
}

function openWindow(): MessageWindow | undefined {
  try {
    const window = MessageWindow.open({ ...options, procedure });
    if (options.acceptLowerIntegrity) window.acceptLowerIntegrity(WM_COPYDATA);
    return window;
  } catch (error) {
    const cause = error instanceof Error ? error.cause ?? error : error;
    if (!(cause instanceof Win32Error)) throw error;
    tell({ news: "not opened", api: cause.api, code: cause.code });
  }
}

/** Takes messages until the window is closed; one that cannot be taken does not end that. */
function run(window: MessageWindow): void {
  while (!window.closed) {
    try {
      window.run();
    } catch (error) {
      if (error instanceof Win32Error) throw error;
      state.count("failed");
    }
  }
}

function procedure({ message, wParam, copyData }: WindowMessage): bigint | undefined {
  // The script changes the state, and posts a message so that this is looked at.
  if (state.stopping && depth === 0) {
    window?.close();
    return 0n;
  }
  if (state.isWanted(untold.length)) tellMessages();
  if (copyData !== undefined) return receive(copyData, wParam);
  switch (message) {
    case WM_QUERYENDSESSION:
      return 1n;
    case WM_ENDSESSION:
      if (wParam !== 0n) window?.close();
      return 0n;
  }
}

function receive(data: ReceivedCopyData, sender: bigint): bigint {
  if (depth === MOST_NESTED) return refuse("overflowed");
  if (!state.admit(data.byteLength, options)) return 0n;
  let message: IncomingMessage;
  try {
    message = { id: data.id, bytes: data.bytes, sender };
  } catch {
    // There is no memory for a copy.
    state.release();
    return refuse("failed");
  }
  if (options.replyTimeout !== undefined) return ask(message, options.replyTimeout);
  untold.push(message);
  if (state.isWanted(untold.length)) tellMessages();
  state.count("accepted");
  return options.answer;
}

function ask(message: IncomingMessage, replyTimeout: number): bigint {
  const deadline = performance.now() + replyTimeout;
  const ticket = state.ask(depth);
  tell({ news: "question", message, ticket }, [message]);
  depth++;
  try {
    while (state.isWaiting(ticket)) {
      const left = Math.ceil(deadline - performance.now());
      if (left > 0) waitForEvent(options.answered, left, depth < MOST_NESTED);
      else if (state.giveUp(ticket)) return refuse("late");
    }
    return state.answerTo(ticket);
  } finally {
    depth--;
  }
}

function refuse(why: Count): bigint {
  state.count(why);
  return 0n;
}

/** Tells the script of all messages that it does not know of. */
function tellMessages(): void {
  state.told();
  tell({ news: "messages", messages: untold }, untold);
  untold = [];
}

function tell(news: WindowThreadNews, messages: IncomingMessage[] = []): void {
  parentPort!.postMessage(news, messages.map(({ bytes }) => bytes.buffer));
}

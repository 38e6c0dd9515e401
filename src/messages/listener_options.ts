/**
 * What a listener is to be like, and what is needed of that where.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import { MOST_COPY_DATA } from "../../ffi/struct.ts";
import { LONGEST_TIMER } from "../waiting/poll.ts";
import type { CopyDataMessage } from "./copy_data_message.ts";
import type { MessageSender } from "./message_sender.ts";
import { assertWindowOptions, uniqueClass } from "./message_window.ts";
import type { WindowSettings } from "./window_thread.ts";

/** What a message is answered: a number of 64 bits, or 1 for `true` and 0 for `false`. */
export type CopyDataAnswer = number | bigint | boolean;

/** What a listener is to be like. */
export interface CopyDataListenerOptions {
  /** The name of its window's class. @default a name that no other window has */
  class?: string;
  /** Its window's title. @default "" */
  title?: string;
  /**
   * `"message-only"`: found by those who look among message-only windows. `"hidden"`: a
   * top-level window that is not shown, found by plain `FindWindow`, as older programs look.
   *
   * @default "message-only"
   */
  visibility?: "message-only" | "hidden";
  /**
   * Gives the answer to each message; without it, messages are read by iterating, and
   * answered as soon as they have come. Where it throws, or takes longer than
   * {@linkcode replyTimeout}, the answer is 0.
   */
  onMessage?: (message: CopyDataMessage) => CopyDataAnswer | Promise<CopyDataAnswer>;
  /** Whether to take messages of a sender; who is refused is answered 0. @default everybody's are taken */
  allow?: (sender: MessageSender) => boolean | Promise<boolean>;
  /** Is told what `onMessage` or `allow` threw. @default it is only counted */
  onError?: (error: unknown, message: CopyDataMessage) => void;
  /** What messages are answered where there is no `onMessage`. @default 1 */
  answer?: CopyDataAnswer;
  /** The most that `allow` and `onMessage` may take together, in milliseconds, at least 1. @default 4000 */
  replyTimeout?: number;
  /** The most bytes of a message, up to 4294967295; a larger one is answered 0. @default 67108864 */
  maxByteLength?: number;
  /** The most messages that wait to be read or are being handled, at least 1; one more is answered 0. @default 1024 */
  highWaterMark?: number;
  /**
   * Whether programs with fewer rights than this one may send, which Windows keeps from
   * it otherwise (UIPI): for this window, and WM_COPYDATA only. @default false
   */
  acceptLowerIntegrity?: boolean;
}

/**
 * Checks the options, and gives those that the window's thread needs.
 *
 * @param options The options.
 */
export function toWindowSettings(options: CopyDataListenerOptions): WindowSettings {
  const {
    class: className = uniqueClass(),
    title = "",
    visibility = "message-only",
    onMessage,
    allow,
    onError,
    answer = 1,
    replyTimeout = 4000,
    maxByteLength = 2 ** 26,
    highWaterMark = 1024,
    acceptLowerIntegrity = false,
  } = options;
  assertWindowOptions({ class: className, title, visibility });
  for (const [name, value] of Object.entries({ onMessage, allow, onError })) {
    if (value === undefined || typeof value === "function") continue;
    throw new TypeError(`Expected ${name} to be a function, got ${typeof value}`);
  }
  assertInteger("replyTimeout", replyTimeout, 1, LONGEST_TIMER);
  assertInteger("maxByteLength", maxByteLength, 0, MOST_COPY_DATA);
  assertInteger("highWaterMark", highWaterMark, 1, 2 ** 31 - 1);
  const asks = onMessage !== undefined || allow !== undefined;
  return {
    class: className,
    title,
    visibility,
    acceptLowerIntegrity,
    maxByteLength,
    highWaterMark,
    answer: toAnswer(answer),
    replyTimeout: asks ? replyTimeout : undefined,
  };
}

/** An answer as Windows takes it. */
export function toAnswer(value: CopyDataAnswer): bigint {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
    throw new TypeError(
      `Expected an answer to be a boolean, a bigint or a safe integer, got ${String(value)}`,
    );
  }
  const answer = BigInt(value);
  if (answer >= -(2n ** 63n) && answer < 2n ** 64n) return BigInt.asIntN(64, answer);
  throw new RangeError(`Expected an answer to have 64 bits, got ${answer}`);
}

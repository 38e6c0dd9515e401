/**
 * The options of a listener, and the subset that the thread of its window gets.
 *
 * @module
 */

import {
  assertBoolean,
  assertFunction,
  assertInteger,
  assertObject,
  assertOneOf,
  assertOptions,
  type OptionChecks,
  show,
} from "../../../ffi/arguments.ts";
import { MAX_COPY_DATA } from "../../../ffi/win32/types.ts";
import { assertNewClassName } from "../../../ffi/callback.ts";
import { MAX_TIMER } from "../../wait/options.ts";
import { assertTitle, uniqueClass } from "../window/message_window.ts";
import { MAX_MESSAGE, WM_USER } from "../window/procedure.ts";
import type { WindowSettings } from "./protocol.ts";

/** What a message is answered: a number of 64 bits, or 1 for `true` and 0 for `false`. */
export type CopyDataAnswer = number | bigint | boolean;

/** What the window of a listener is to be like, and what it takes. */
export interface ListenerWindowOptions {
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
  /** What messages are answered where there is no `onMessage`. @default 1 */
  answer?: CopyDataAnswer;
  /** Maximum time for an answer of the script, `allow` included, in milliseconds, at least 1. @default 4000 */
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

/** All options of a listener; those of its handlers are checked here, and typed where they are called. */
interface AllOptions extends ListenerWindowOptions {
  onMessage?: unknown;
  allow?: unknown;
  onError?: unknown;
  answers?: unknown;
}

const OPTIONS: OptionChecks<AllOptions> = {
  class: assertNewClassName,
  title: assertTitle,
  visibility: (name, value) => assertOneOf(name, value, ["message-only", "hidden"]),
  onMessage: assertFunction,
  allow: assertFunction,
  onError: assertFunction,
  answer: (_name, value) => void toAnswer(value),
  answers: (_name, value) => void toAnswers(value),
  replyTimeout: (name, value) => assertInteger(name, value, 1, MAX_TIMER),
  maxByteLength: (name, value) => assertInteger(name, value, 0, MAX_COPY_DATA),
  highWaterMark: (name, value) => assertInteger(name, value, 1, 2 ** 31 - 1),
  acceptLowerIntegrity: assertBoolean,
};

/** Checks the options, and gives those that the window's thread needs. */
export function toWindowSettings(options: AllOptions): WindowSettings {
  assertOptions(options, OPTIONS);
  const {
    class: className = uniqueClass(),
    title = "",
    visibility = "message-only",
    onMessage,
    allow,
    answer = 1,
    answers = {},
    replyTimeout = 4000,
    maxByteLength = 2 ** 26,
    highWaterMark = 1024,
    acceptLowerIntegrity = false,
  } = options;
  return {
    class: className,
    title,
    visibility,
    acceptLowerIntegrity,
    maxByteLength,
    highWaterMark,
    answer: toAnswer(answer),
    asks: onMessage !== undefined || allow !== undefined,
    answers: toAnswers(answers),
    replyTimeout,
  };
}

/** What the window's thread answers to messages that are no WM_COPYDATA, by their numbers. */
function toAnswers(answers: unknown): Map<number, bigint | "ask"> {
  assertObject("answers", answers);
  if (answers instanceof Map || Array.isArray(answers)) {
    throw new TypeError(
      `Expected answers to be an object whose keys are numbers of messages, got ${show(answers)}`,
    );
  }
  return new Map(
    Object.entries(answers).map(([key, answer]) => {
      const message = Number(key);
      if (
        String(message) !== key || !Number.isInteger(message) || message < WM_USER ||
        message > MAX_MESSAGE
      ) {
        throw new RangeError(
          `Expected the keys of answers to be numbers of messages from ${WM_USER} to ${MAX_MESSAGE}, ` +
            `got ${show(key)}: a constant for a key stands in brackets, as in { [WM_USER]: 1 }`,
        );
      }
      return [message, typeof answer === "function" ? "ask" : toAnswer(answer)];
    }),
  );
}

/** An answer as Windows takes it. */
export function toAnswer(value: unknown): bigint {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value !== "bigint" && (typeof value !== "number" || !Number.isSafeInteger(value))) {
    throw new TypeError(
      `Expected an answer to be a boolean, a bigint or a safe integer, got ${show(value)}`,
    );
  }
  const answer = BigInt(value);
  if (answer >= -(2n ** 63n) && answer < 2n ** 64n) return BigInt.asIntN(64, answer);
  throw new RangeError(`Expected an answer to have 64 bits, got ${answer}`);
}

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

/** An answer to a message: an integer of at most 64 bits, or `true` for 1 and `false` for 0. */
export type CopyDataAnswer = number | bigint | boolean;

/** Options of a listener that need no handler. */
export interface ListenerWindowOptions {
  /** The name of the window's class. @default a name that no other window has */
  class?: string;
  /** The window's title. @default "" */
  title?: string;
  /**
   * How other programs find the window. A search among message-only windows finds a
   * `"message-only"` window. Plain `FindWindow`, which older programs call, finds a `"hidden"`
   * window: a top-level window that is not shown.
   *
   * @default "message-only"
   */
  visibility?: "message-only" | "hidden";
  /** The answer to each WM_COPYDATA if there is no `onMessage`. @default 1 */
  answer?: CopyDataAnswer;
  /**
   * Maximum time for an answer of the script, including `allow`, in milliseconds, at least 1.
   *
   * @default 4000
   */
  replyTimeout?: number;
  /**
   * Maximum size of a message in bytes, up to 4294967295. A larger message is answered 0.
   *
   * @default 67108864
   */
  maxByteLength?: number;
  /**
   * Maximum number of messages that wait to be read or are being handled, at least 1. A further
   * message is answered 0.
   *
   * @default 1024
   */
  highWaterMark?: number;
  /**
   * Whether programs with fewer rights can send WM_COPYDATA to this window. By default Windows
   * blocks these messages (UIPI).
   *
   * @default false
   */
  acceptLowerIntegrity?: boolean;
}

/** All options of a listener. This file checks the handlers too; `listener.ts` has their types. */
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

/** Checks the options, and returns the settings for the window's thread. */
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

/** Returns the answers to messages other than WM_COPYDATA, by their numbers. */
function toAnswers(answers: unknown): Map<number, bigint | "ask"> {
  assertObject("answers", answers);
  if (answers instanceof Map || Array.isArray(answers)) {
    throw new TypeError(
      `Expected answers to be an object whose keys are message numbers, got ${show(answers)}`,
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
          `Expected the keys of answers to be message numbers from ${WM_USER} to ${MAX_MESSAGE}, ` +
            `got ${show(key)}; write a constant key in brackets, as in { [WM_USER]: 1 }`,
        );
      }
      return [message, typeof answer === "function" ? "ask" : toAnswer(answer)];
    }),
  );
}

/** Converts an answer to the signed number that the window procedure returns. */
export function toAnswer(value: unknown): bigint {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value !== "bigint" && (typeof value !== "number" || !Number.isSafeInteger(value))) {
    throw new TypeError(
      `Expected an answer to be a boolean, a bigint or a safe integer, got ${show(value)}`,
    );
  }
  const answer = BigInt(value);
  if (answer >= -(2n ** 63n) && answer < 2n ** 64n) return BigInt.asIntN(64, answer);
  throw new RangeError(`Expected an answer to fit into 64 bits, got ${answer}`);
}

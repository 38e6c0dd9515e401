/**
 * Checks subjects and the other names that go into the protocol of a NATS server.
 *
 * @module
 */

import { assertString, show } from "../../../ffi/arguments.ts";

/**
 * Throws unless a value is a subject to which a message can go.
 *
 * @param what The value's name in the message: `"subject"`.
 * @throws {TypeError} If the value is not a string, or has an empty part, a wildcard or a space.
 */
export function assertSubject(what: string, value: unknown): asserts value is string {
  assertString(what, value);
  if (isSubject(value)) return;
  throw new TypeError(
    `Expected ${what} to be words with dots between them, without spaces and wildcards, such as ` +
      `"tools.calculator", got ${show(value)}`,
  );
}

/**
 * Throws unless a value can be the name of a queue.
 *
 * @throws {TypeError} If the value is not a string, is empty or has a space.
 */
export function assertQueue(what: string, value: unknown): void {
  assertString(what, value);
  if (/^[^\s]+$/.test(value)) return;
  throw new TypeError(`Expected ${what} to be a name without spaces, got ${show(value)}`);
}

/** Returns whether a text is a subject without wildcards. */
export function isSubject(text: string): boolean {
  return /^[^\s.*>\p{Cc}]+(?:\.[^\s.*>\p{Cc}]+)*$/u.test(text);
}

/**
 * The subjects of NATS, which are texts of tokens with dots between them; and the names of streams,
 * consumers and queues.
 *
 * @see {@link https://docs.nats.io/nats-concepts/subjects}
 * @module
 */

import { assertString, show } from "../../ffi/arguments.ts";

/** Maximum length of a subject in characters. A server refuses lines of more than 4096 bytes. */
const MAX_LENGTH = 1024;
/** Tokens without spaces and control characters, with a dot between each two. */
const TOKENS = /^[^\s.\p{Cc}]+(?:\.[^\s.\p{Cc}]+)*$/u;
const WILDCARD = /[*>]/;

/** Returns whether a text is a subject without wildcards. */
export function isSubject(text: string): boolean {
  return isTokens(text) && !WILDCARD.test(text);
}

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
 * Throws unless a subject can be published on: it has no wildcards.
 *
 * @throws {TypeError} If the subject is invalid.
 */
export function assertPublishSubject(subject: unknown): asserts subject is string {
  assertTokens(subject);
  if (!WILDCARD.test(subject)) return;
  throw new TypeError(
    `Expected the subject of an outgoing route to have no wildcards, got ${show(subject)}`,
  );
}

/**
 * Throws unless a subject can be subscribed to. A token can be `*`, and the last one can be `>`.
 *
 * @throws {TypeError} If the subject is invalid.
 */
export function assertSubscribeSubject(subject: unknown): asserts subject is string {
  assertTokens(subject);
  const tokens = subject.split(".");
  const isRight = tokens.every((token, index) =>
    !WILDCARD.test(token) || token === "*" || token === ">" && index === tokens.length - 1
  );
  if (isRight) return;
  throw new TypeError(
    'Expected a wildcard of a subject to be a whole token: "*", or ">" at the end; got ' +
      show(subject),
  );
}

/**
 * Throws unless a value can be the name of a queue.
 *
 * @throws {TypeError} If the value is not a string, is empty or has a space.
 */
export function assertQueue(what: string, value: unknown): void {
  assertString(what, value);
  if (/^[^\s\p{Cc}]+$/u.test(value) && value.isWellFormed()) return;
  throw new TypeError(`Expected ${what} to be a name without spaces, got ${show(value)}`);
}

/**
 * Throws unless a value can be the name of a stream or of a consumer.
 *
 * @param what The option, for messages: `durable`.
 * @throws {TypeError} If the name is invalid.
 */
export function assertName(what: string, name: unknown): asserts name is string {
  assertString(what, name);
  if (/^[^\s\p{Cc}.*>/\\]{1,255}$/u.test(name) && name.isWellFormed()) return;
  throw new TypeError(
    `Expected ${what} to have 1 to 255 characters, without spaces and without . * > / \\; got ` +
      show(name),
  );
}

function assertTokens(subject: unknown): asserts subject is string {
  assertString("the subject", subject);
  if (subject.length > MAX_LENGTH) {
    throw new TypeError(
      `Expected a subject of at most ${MAX_LENGTH} characters, got ${subject.length}`,
    );
  }
  if (isTokens(subject)) return;
  throw new TypeError(
    "Expected a subject to have tokens without spaces, with a dot between each two, such as " +
      `"desk.lines"; got ${show(subject)}`,
  );
}

/** Returns whether a text can be a subject, also one with wildcards. */
function isTokens(text: string): boolean {
  // Half a surrogate pair would reach the server as another character.
  return text.length <= MAX_LENGTH && TOKENS.test(text) && text.isWellFormed();
}

/**
 * The subjects of NATS, which are texts of tokens with dots between them; and the names of streams.
 *
 * @see {@link https://docs.nats.io/nats-concepts/subjects}
 * @module
 */

import { assertString, show } from "../../ffi/arguments.ts";

/** Maximum length of a subject in characters. A server refuses lines of more than 4096 bytes. */
const MAX_LENGTH = 1024;

/**
 * Throws unless a subject can be published on: it has no wildcards.
 *
 * @throws {TypeError} If the subject is invalid.
 */
export function assertPublishSubject(subject: unknown): asserts subject is string {
  assertTokens(subject);
  if (!/[*>]/.test(subject)) return;
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
    !/[*>]/.test(token) || token === "*" || token === ">" && index === tokens.length - 1
  );
  if (isRight) return;
  throw new TypeError(
    'Expected a wildcard of a subject to be a whole token: "*", or ">" at the end; got ' +
      show(subject),
  );
}

/**
 * Throws unless a value can be the name of a stream or of a consumer.
 *
 * @param what The option, for messages: `durable`.
 * @throws {TypeError} If the name is invalid.
 */
export function assertName(what: string, name: unknown): asserts name is string {
  assertString(what, name);
  // deno-lint-ignore no-control-regex -- the control characters are what it refuses
  const isRight = /^[^\s\x00-\x20\x7f.*>/\\]{1,255}$/.test(name);
  if (isRight && name.isWellFormed()) return;
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
  // deno-lint-ignore no-control-regex -- the control characters are what it refuses
  const isRight = /^[^\s\x00-\x20\x7f.]+(\.[^\s\x00-\x20\x7f.]+)*$/.test(subject);
  // Half a surrogate pair would reach the server as another character.
  if (isRight && subject.isWellFormed()) return;
  throw new TypeError(
    "Expected a subject to have tokens without spaces, with a dot between each two, such as " +
      `"desk.lines"; got ${show(subject)}`,
  );
}

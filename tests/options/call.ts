/**
 * Calls public functions with one wrong argument each, and with all arguments right.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import type { Row } from "./row.ts";
import { WRONG } from "./wrong_kinds.ts";

/**
 * Options that are never left out: without them, a call waits for ever or says that they are
 * missing.
 */
const KEPT = ["timeout", "variables", "name", "count", "byteLength"];

const OUR_WORDS = /^(Expected |There is no (option|field) )/;

/**
 * Calls a function with each argument and each option of each wrong kind, and with misspelt
 * options.
 *
 * @throws {AssertionError} If a call succeeds, or fails with a message that is not the library's
 *   own.
 */
export async function callWrongly(
  { name, call, needed, more, options, isHot }: Row,
): Promise<void> {
  const right = needed.map(([, value]) => value);
  const attempt = async (args: readonly unknown[], what: string, words = OUR_WORDS) => {
    const error = await errorOf(() => call(args));
    const isOurs = (error instanceof TypeError || error instanceof RangeError) &&
      words.test(error.message);
    if (!isOurs) {
      throw new AssertionError(`${name} with ${what}: ${shown(error)}`, { cause: error });
    }
  };
  for (const [index, [kind]] of needed.entries()) {
    const missing = kind === "anything" ? [] : [undefined];
    for (const value of [...WRONG[kind], ...missing]) {
      await attempt(right.with(index, value), `argument ${index} being ${shown(value)}`);
    }
  }
  for (const value of more === undefined ? [] : WRONG[more[0]]) {
    await attempt([...right, value], `the last argument being ${shown(value)}`);
  }
  if (options === undefined) return;
  const all = Object.fromEntries(Object.entries(options).map(([name, [, value]]) => [name, value]));
  for (const value of WRONG.object) {
    await attempt([...right, value], `the options being ${shown(value)}`);
  }
  for (const [option, [kind]] of Object.entries(options)) {
    for (const value of WRONG[kind]) {
      await attempt([...right, { ...all, [option]: value }], `${option} being ${shown(value)}`);
    }
    if (isHot) continue;
    const misspelt = `${option}_`;
    const words = new RegExp(`^There is no option "${misspelt}": did you mean "${option}"\\?$`);
    await attempt([...right, { ...all, [misspelt]: all[option] }], `an option ${misspelt}`, words);
  }
}

/**
 * Calls a function with all arguments right, and with all options `undefined`.
 *
 * @throws {AssertionError} If a call fails because of an invalid argument or option.
 */
export async function callRightly(row: Row): Promise<void> {
  const { name, call, needed, more, options = {}, isPartial } = row;
  if (isPartial) return;
  const right = needed.map(([, value]) => value);
  if (more !== undefined) right.push(more[1]);
  const names = Object.keys(options);
  const all = Object.fromEntries(names.map((name) => [name, options[name]![1]]));
  const none = Object.fromEntries(
    names.map((name) => [name, KEPT.includes(name) ? all[name] : undefined]),
  );
  for (const given of names.length === 0 ? [[]] : [[all], [none]]) {
    const error = await errorOf(() => call([...right, ...given]));
    if (error instanceof Error && OUR_WORDS.test(error.message)) {
      throw new AssertionError(`${name}: ${shown(error)}`, { cause: error });
    }
  }
}

/** Returns the error of a function or of its promise, and closes a result without an error. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    const result: unknown = await call();
    if (typeof result !== "object" || result === null) return undefined;
    const close: unknown = Reflect.get(result, Symbol.dispose);
    if (typeof close === "function") Reflect.apply(close, result, []);
    return undefined;
  } catch (error) {
    return error;
  }
}

function shown(value: unknown): string {
  return Deno.inspect(value, { depth: 1, compact: true }).split("\n")[0]!;
}

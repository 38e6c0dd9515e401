/**
 * Reads the routes of `winipc bridge`: `ring:lines to desk.lines`, or `ring:lines=>desk.lines`.
 *
 * @module
 */

import { show } from "../../../ffi/arguments.ts";
import { assertPublishSubject, assertSubscribeSubject } from "../../bridge/subject.ts";
import { UsageError } from "../command_line/failure.ts";
import { parseTarget, type SignalTarget, type Target, TARGET_KINDS } from "../targets/target.ts";

/** A target that carries messages. */
export type MessageTarget = Exclude<Target, SignalTarget>;

/** A route as the user has written it. */
export type RouteWords = {
  /** The route in the user's words: `ring:lines => desk.lines`. */
  readonly text: string;
  /** The subject on the server. */
  readonly subject: string;
} & ({ readonly from: MessageTarget } | { readonly to: MessageTarget });

/** The arrow in a route of one word. */
const ARROW = "=>";
/** The word between the ends of a route of three words. */
const TO = "to";

/** The forms of routes, for error texts. */
const FORMS = "write ring:NAME to SUBJECT, or SUBJECT to ring:NAME";

/**
 * Reads the routes of a command line. A route is one word with an arrow, or three words.
 *
 * @throws {UsageError} If there is no route, or one that a bridge cannot carry.
 */
export function parseRoutes(words: readonly string[]): RouteWords[] {
  if (words.length === 0) throw new UsageError(`Expected a ROUTE: ${FORMS}`);
  const routes: RouteWords[] = [];
  for (let at = 0; at < words.length;) {
    const word = words[at]!;
    const arrow = word.indexOf(ARROW);
    if (words[at + 1] !== TO && arrow >= 0) {
      routes.push(routeOf(word.slice(0, arrow).trim(), word.slice(arrow + ARROW.length).trim()));
      at++;
    } else {
      routes.push(routeOf(word, threeWords(words.slice(at, at + 3))));
      at += 3;
    }
  }
  return routes;
}

/** Returns the end of a route of three words. */
function threeWords(words: readonly string[]): string {
  const [from = "", to, end] = words;
  if (to === TO && end !== undefined) return end;
  if (from.endsWith("=") && to !== TO) {
    throw new UsageError(
      `Expected an end after ${show(from)}: the shell has taken > for itself. Quote the route, ` +
        `or write ${show(from.slice(0, -1))} to …`,
    );
  }
  throw new UsageError(`Expected a route, got ${show(words.join(" "))}: ${FORMS}`);
}

function routeOf(from: string, to: string): RouteWords {
  const text = `${from} ${ARROW} ${to}`;
  if (from === "" || to === "") {
    throw new UsageError(`Expected two ends in the route ${show(text)}: ${FORMS}`);
  }
  const [isFromHere, isToHere] = [isTarget(from), isTarget(to)];
  if (isFromHere && isToHere) {
    throw new UsageError(
      `Expected one end of the route ${show(text)} to be a subject: ${FORMS}. Two targets on one ` +
        "machine need no server",
    );
  }
  if (isFromHere || (from.includes(":") && !isToHere)) {
    asUsage(() => assertPublishSubject(to));
    return { text, from: messageTarget(from), subject: to };
  }
  if (isToHere || to.includes(":")) {
    asUsage(() => assertSubscribeSubject(from));
    return { text, subject: from, to: messageTarget(to) };
  }
  throw new UsageError(
    `Expected one end of the route ${show(text)} to be a target with its kind: ${FORMS}`,
  );
}

/** Returns whether an end begins with a kind. Other ends are subjects, in which `:` is allowed. */
function isTarget(end: string): boolean {
  return TARGET_KINDS.some((kind) => end.startsWith(`${kind}:`));
}

/** Checks what the user has typed. */
function asUsage(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message, { cause: error }) : error;
  }
}

function messageTarget(word: string): MessageTarget {
  const target = parseTarget(word);
  if (target.kind !== "event") return target;
  throw new UsageError(`An event carries no messages: ${show(word)} cannot be an end of a route`);
}

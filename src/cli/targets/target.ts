/**
 * The targets of `winipc send` and `winipc listen`: `ring:NAME`, `window:CLASS/TITLE` and others.
 *
 * @module
 */

import { hintFor, show } from "../../../ffi/arguments.ts";
import { assertNameOf } from "../command_line/object_name.ts";
import { UsageError } from "../command_line/failure.ts";

/** The kinds of targets: the words before the colon. */
export const TARGET_KINDS = ["ring", "broadcast", "pipe", "mailslot", "event", "window"] as const;

/** An object with a name, which carries messages. */
export interface NamedTarget {
  readonly kind: "ring" | "broadcast" | "pipe" | "mailslot";
  readonly name: string;
}

/** An event, which carries no messages. */
export interface SignalTarget {
  readonly kind: "event";
  readonly name: string;
}

/** A window. */
export interface WindowTarget {
  readonly kind: "window";
  readonly class: string;
  /** The title; `undefined` for a window with any title. */
  readonly title: string | undefined;
}

/** An object to send to or to listen on. */
export type Target = NamedTarget | SignalTarget | WindowTarget;

/** The forms of targets, for help texts. */
const FORMS = "ring:NAME, broadcast:NAME, pipe:NAME, mailslot:NAME, event:NAME, " +
  "window:CLASS or window:CLASS/TITLE";

/**
 * Reads a target. The kind ends at the first colon, and a window's class at the first slash.
 *
 * @throws {UsageError} If the word has no kind, an unknown kind, no name, or an invalid one.
 */
export function parseTarget(word: string): Target {
  const [, kind, name = ""] = /^([^:]*):(.*)$/s.exec(word) ?? [];
  if (kind === undefined) {
    throw new UsageError(`Expected TARGET to begin with a kind, got ${show(word)}: write ${FORMS}`);
  }
  const known = TARGET_KINDS.find((known) => known === kind);
  if (known === undefined) {
    const hint = hintFor("kinds", kind, TARGET_KINDS);
    const end = hint.endsWith("?") ? "" : ".";
    throw new UsageError(
      `There is no kind of target ${show(kind)}: ${hint}${end} The forms are ${FORMS}`,
    );
  }
  if (name === "") throw new UsageError(`Expected a name after ${known}:, got none`);
  if (known === "window") return windowOf(name);
  assertNameOf(known, name);
  return { kind: known, name };
}

/** Returns a target as the user writes it. */
export function targetText(target: Target): string {
  if (target.kind !== "window") return `${target.kind}:${target.name}`;
  return `window:${target.class}${target.title === undefined ? "" : `/${target.title}`}`;
}

function windowOf(name: string): WindowTarget {
  const slash = name.indexOf("/");
  if (slash === 0) throw new UsageError("Expected a class after window:, got only a title");
  const [windowClass, title] = slash < 0
    ? [name, undefined]
    : [name.slice(0, slash), name.slice(slash + 1)];
  assertNameOf("window", windowClass);
  return { kind: "window", class: windowClass, title };
}

/**
 * `winipc ls`: lists objects once, or shows what comes and goes.
 *
 * @module
 */

import { hintFor, show } from "../../ffi/arguments.ts";
import type { SpecOf } from "./commands.ts";
import { KINDS } from "./objects/kinds.ts";
import { fitWidth } from "./printing/columns.ts";
import type { Invocation } from "./command_line/command.ts";
import { EXIT, UsageError } from "./command_line/failure.ts";
import { splitTarget } from "./objects/find.ts";
import { Lister } from "./objects/listing.ts";
import { NOUNS } from "./objects/nouns.ts";
import { type Kind, type ListedObject, recordOf } from "./objects/object.ts";
import { matcherOf } from "./objects/pattern.ts";
import { listingLines } from "./objects/text.ts";
import { watchObjects } from "./objects/watch.ts";
import { formatOf, Records } from "./printing/records.ts";

/** Runs `winipc ls`. */
export async function run({ args, options, output, signal }: Invocation<SpecOf<"ls">>) {
  const format = formatOf(options);
  if (options.watch && options.json) {
    throw new UsageError("Expected --jsonl with --watch, got --json: the document would never end");
  }
  const { kind, pattern } = kindAndPattern(args.kind, args.pattern);
  const matches = pattern === undefined ? undefined : matcherOf(pattern);
  const lister = new Lister({ kind, matches });
  // Parts are listed if the user asks for their kind.
  const isShown = ({ of }: ListedObject) => of === undefined || options.all || kind !== undefined;
  if (options.watch) {
    return await watchObjects(lister, {
      interval: options.interval,
      isLive: format === "text" && output.isTerminal,
      output,
      signal,
      isShown,
    });
  }

  const progress = (done: number, all: number) =>
    output.status(`Looking at sections: ${done} of ${all}`);
  const { objects, notes } = await lister.list({ signal, progress });
  const shown = objects.filter(isShown);
  if (format !== "text") {
    using records = new Records(output, format, () => "");
    for (const object of shown) records.add(recordOf(object));
  } else if (shown.length > 0) {
    for (const line of listingLines(shown)) {
      output.line(output.isTerminal ? fitWidth(line, output.size.columns) : line);
    }
  }
  for (const note of notes) output.note(note);
  if (shown.length > 0 || pattern === undefined) return EXIT.done;
  output.note(await notFoundText(kind, pattern));
  return EXIT.notFound;
}

/** A single word that is no kind is a pattern. */
function kindAndPattern(
  first: string | undefined,
  second: string | undefined,
): { kind: Kind | undefined; pattern: string | undefined } {
  const kind = KINDS.find((kind) => kind === first);
  if (kind !== undefined || first === undefined) return { kind, pattern: second };
  if (second === undefined) return { kind: undefined, pattern: first };
  throw new UsageError(
    `Expected KIND to be a kind of object, got ${show(first)}: ${hintFor("kinds", first, KINDS)}`,
  );
}

async function notFoundText(kind: Kind | undefined, pattern: string): Promise<string> {
  const none = `There is no ${
    kind === undefined ? "object" : NOUNS[kind].noun
  } whose name matches ${show(pattern)}`;
  const split = splitTarget(pattern);
  if (split.kind !== undefined && split.name !== "") {
    return `${none}: write winipc ls ${split.kind} ${split.name}`;
  }
  const { objects } = await new Lister({ kind }).list();
  const names = objects.map(({ name }) => name);
  const nearest = hintFor("names", pattern, kind === undefined ? [...KINDS, ...names] : names);
  // The list of all names would be too long.
  const hint = nearest.startsWith("did you mean") ? `: ${nearest}` : "";
  return none + hint;
}

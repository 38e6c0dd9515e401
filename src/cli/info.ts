/**
 * `winipc info`: describes one object.
 *
 * @module
 */

import type { Invocation } from "./command_line/command.ts";
import type { SpecOf } from "./commands.ts";
import { describeObject } from "./objects/describe.ts";
import { assertPossible, findObjects, type Found, notFound } from "./objects/find.ts";
import { Lister, SECTION_KINDS } from "./objects/listing.ts";
import { possibleParent } from "./objects/parts.ts";
import type { RawObject } from "./objects/raw.ts";
import type { Report } from "./objects/report.ts";
import { describeWindow } from "./objects/window_report.ts";
import { formatOf, Records } from "./printing/records.ts";

/** Runs `winipc info`. */
export async function run({ args, options, output }: Invocation<SpecOf<"info">>) {
  const format = formatOf(options);
  const found = findObjects(args.name);
  const reports = await Array.fromAsync(reportsOf(found));
  if (reports.length === 0) {
    // A window can have a name that no other object can have, so the name is checked only now.
    assertPossible(found);
    throw await notFound(found);
  }
  if (format === "text") {
    output.line(reports.map((report) => report.toText()).join("\n\n"));
    return;
  }
  using records = new Records(output, format, () => "");
  for (const report of reports) records.add(report.record);
}

async function* reportsOf({ objects, windows, kind }: Found): AsyncGenerator<Report> {
  for (const raw of objects) {
    const report = describeObject(raw);
    const of = await parentOf(raw);
    if (of !== undefined) report.set({ of }).line("part of", of);
    // Only the memory tells which kind of section it is.
    const isAsked = kind === undefined || !SECTION_KINDS.includes(kind) || report.kind === kind;
    if (isAsked) yield report;
  }
  for (const object of windows) {
    if (object.window !== undefined) yield describeWindow(object, object.window);
  }
}

/** Returns the name of the ring or the value that an event or a mutex is a part of. */
async function parentOf(raw: RawObject): Promise<string | undefined> {
  if (raw.kind === "section" || possibleParent(raw) === undefined) return undefined;
  const lister = new Lister({ kind: raw.kind, matches: (name) => name === raw.name });
  return (await lister.list()).objects[0]?.of;
}

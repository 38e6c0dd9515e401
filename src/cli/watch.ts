/**
 * `winipc watch`: shows the fields or the bytes of a section as they change.
 *
 * @module
 */

import { bold, red } from "@std/fmt/colors";
import { type Copy, copyWhole } from "./memory/whole_copy.ts";
import { escapeText } from "./printing/escape.ts";
import { givenSchema, schemaFor } from "./schema/choose.ts";
import { HEX_LENGTH, MAX_COPY } from "./dump.ts";
import type { Invocation } from "./command_line/command.ts";
import { LivePicture } from "./printing/live.ts";
import type { Output } from "./printing/output.ts";
import { pause } from "./waiting/pause.ts";
import { Section } from "./memory/section.ts";
import type { SpecOf } from "./commands.ts";
import { toJson } from "./printing/json.ts";
import { UsageError } from "./command_line/failure.ts";
import { WatchedBytes } from "./watch/bytes.ts";
import type { Watched } from "./watch/watched.ts";
import { WatchedFields } from "./watch/fields.ts";

/** Maximum number of bytes that are compared without a schema. */
const MAX_BYTES = 2 ** 20;
/** The lines of a picture beside the rows: the heading, and the line of the cursor. */
const OTHER_LINES = 2;

/** Shows what a look found. */
interface Screen {
  /** @param changed What changed, as the keys of a JSON document; `undefined` if nothing did. */
  show(changed: object | undefined, isWhole: boolean): void;
  /** Shows why the memory cannot be read now. */
  fail(why: string): void;
}

/** Runs `winipc watch`. */
export async function run(
  { args, options, output, signal }: Invocation<SpecOf<"watch">>,
): Promise<void> {
  const deadline = performance.now() + (options.timeout ?? Infinity);
  const given = await givenSchema(options);
  using section = new Section(args.name);
  const schema = schemaFor(given, section.name);
  const part = section.part(options, schema === undefined ? HEX_LENGTH : MAX_COPY);
  if (schema === undefined && part.length > MAX_BYTES) {
    throw new UsageError(
      `Expected --length to be at most ${MAX_BYTES} without --schema, got ${part.length}`,
    );
  }
  const watched = schema === undefined
    ? new WatchedBytes(part.at)
    : new WatchedFields(schema, part.at);
  const title = bold(escapeText(section.name)) +
    (schema === undefined ? "" : `  ${escapeText(schema.name)}`);
  const screen = output.isTerminal ? pictureOn(output, watched, title) : linesOn(output);
  output.note(`winipc keeps ${section.label} open: the name stays taken until winipc ends`);
  for (let changes = 0;;) {
    const copy = await copyWhole(section, part, schema, signal);
    if (look(watched, copy, screen)) changes++;
    output.flush();
    if (changes === options.count) return;
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new Deno.errors.TimedOut(`Watched ${section.label} for ${options.timeout} ms`);
    }
    await pause(Math.min(options.interval, left), signal);
  }
}

/** Shows the changes of a copy, and returns whether there are any. */
function look(watched: Watched, { bytes, isWhole }: Copy, screen: Screen): boolean {
  try {
    const changed = watched.update(bytes, performance.now());
    screen.show(changed, isWhole);
    return changed !== undefined;
  } catch (error) {
    // The program may be in the middle of a change. The next copy can be good again.
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    screen.fail(error.message);
    return false;
  }
}

/** Prints a line of JSON for each change. */
function linesOn(output: Output): Screen {
  let failure = "";
  const print = (keys: object) => output.line(toJson({ time: new Date().toISOString(), ...keys }));
  return {
    show(changed, isWhole) {
      failure = "";
      if (changed !== undefined) print({ ...changed, ...(isWhole ? {} : { isWhole }) });
    },
    fail(why) {
      // The same failure is not repeated for each look.
      if (why !== failure) print({ error: why });
      failure = why;
    },
  };
}

/** Draws the memory on the terminal. */
function pictureOn(output: Output, watched: Watched, title: string): Screen {
  const picture = new LivePicture(output);
  const draw = (state: string) => {
    const heading = `${title}  ${new Date().toTimeString().slice(0, 8)}${state}`;
    const rows = watched.picture(performance.now(), output.size.rows - OTHER_LINES);
    picture.draw([heading, ...rows]);
  };
  return {
    show: (_changed, isWhole) => draw(isWhole ? "" : `  ${red("the copy may be torn")}`),
    fail: (why) => draw(`  ${red(escapeText(why))}`),
  };
}

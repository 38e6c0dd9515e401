import type { Invocation } from "./command_line/command.ts";
import type { SpecOf } from "./commands.ts";
import { forEachMessage, openNamed } from "./messages/tap.ts";
import { assertName } from "./command_line/object_name.ts";
import { type Format, formatOf, Records } from "./printing/records.ts";
import {
  forJson,
  inspectLine,
  type MessageForm,
  MessageShower,
  type ShownMessage,
} from "./messages/message_text.ts";
import { MissedCount } from "./messages/missed_count.ts";
import { readSchema, schemaOfDescription } from "./schema/load.ts";
import type { Schema } from "./schema/schema.ts";
import { TimeLimit } from "./waiting/limits.ts";
import type { TapMessage } from "../channel/tap/source.ts";
import type { TapForm } from "../channel/tap/form.ts";
import { UsageError } from "./command_line/failure.ts";

/** A message as the JSON formats print it. */
interface TailRecord {
  /** The time when winipc read the message. */
  readonly time: string;
  readonly missed: number;
  readonly length: number;
  readonly as?: MessageForm;
  readonly data?: unknown;
  /** The number of a frame. */
  readonly number?: number;
  readonly metadata?: unknown;
}

/** Runs `winipc tail`. */
export async function run(
  { args, options, output, signal: interrupted }: Invocation<SpecOf<"tail">>,
): Promise<void> {
  assertName(args.name);
  const format = formatOf(options);
  const { as, schema: file } = options;
  if (file !== undefined && as !== undefined && as !== "struct") {
    throw new UsageError(`Expected --schema with --as struct, got --as ${as}: leave one out`);
  }
  const given = file === undefined ? undefined : await readSchema(file, options.struct);
  using limit = new TimeLimit(interrupted, options.timeout);
  const { signal } = limit;
  const headsOnly = as === undefined && given === undefined;
  using source = openNamed(args.name, { signal, headsOnly });
  const shower = showerFor(source.form, as, given);
  const missed = new MissedCount(output);
  let count = 0;
  let text = "";
  try {
    using records = new Records<TailRecord>(output, format, () => text);
    await forEachMessage(source, signal, (message) => {
      missed.add(message.missed);
      const shown = headsOnly && message.frame !== undefined
        ? { text: "" }
        : shower.show(message.bytes);
      text = textOf(message, shown.text);
      records.add(recordOf(message, shown, format));
      return ++count < (options.count ?? Infinity);
    });
  } finally {
    missed.flush();
    if (shower.note !== undefined) output.note(shower.note);
  }
  if (count === 0) output.note(`The sender of the ${source.label} is closed: no message came`);
}

/** Returns what shows the messages of a form. */
function showerFor(
  form: TapForm,
  as: MessageForm | undefined,
  given: Schema | undefined,
): MessageShower {
  const layout = form.kind === "frame" ? undefined : form.layout;
  const own = layout === undefined || as !== undefined && as !== "struct"
    ? undefined
    : schemaOfDescription(layout.signature);
  const schema = given ?? own;
  if (as === "struct" && schema === undefined) {
    throw new UsageError("Expected --schema with --as struct: the memory describes no layout");
  }
  return new MessageShower({ form: as, schema });
}

function recordOf(
  { missed, bytes, frame }: TapMessage,
  { as, data }: Partial<ShownMessage>,
  format: Format,
): TailRecord {
  const time = new Date().toISOString();
  const length = frame?.length ?? bytes.length;
  // Only JSON needs the parts of the metadata.
  const head = frame === undefined || format === "text"
    ? {}
    : { number: frame.number, metadata: forJson(frame.metadata) };
  return { time, missed, length, ...head, ...(as !== undefined && { as, data }) };
}

function textOf({ frame }: TapMessage, content: string): string {
  if (frame === undefined) return content;
  const { number, length, metadata } = frame;
  const words = [`frame ${number}: ${length} bytes`];
  if (metadata !== undefined) words.push(inspectLine(metadata));
  if (content !== "") words.push(content);
  return words.join(" ");
}

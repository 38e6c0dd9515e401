import type { Invocation } from "./command_line/command.ts";
import type { SpecOf } from "./commands.ts";
import { sizeText } from "./printing/size_text.ts";
import { createTarget, type TapTarget } from "../channel/tap/target.ts";
import { decodeValue } from "../channel/ring/message.ts";
import { assertName } from "./command_line/object_name.ts";
import { pause } from "./waiting/pause.ts";
import { RecordingReader, type RecordingRecord } from "./recording/reader.ts";
import { show } from "../../ffi/arguments.ts";
import { aNoun } from "./objects/nouns.ts";
import { namedKindOf } from "./objects/other_kind.ts";
import { Schedule } from "./recording/schedule.ts";

/** Time between two looks for the first reader, in milliseconds. */
const LOOK_INTERVAL = 20;
/** Time between two progress lines, in milliseconds. */
const STATUS_INTERVAL = 250;

/** What was sent until now. */
interface Counts {
  messages: number;
  bytes: number;
  dropped: number;
  /** The number of messages that the recorder had missed. */
  missed: number;
}

/** Runs `winipc replay`. */
export async function run(
  { args, options, output, signal }: Invocation<SpecOf<"replay">>,
): Promise<void> {
  assertName(args.name);
  using reader = await RecordingReader.open(args.file);
  using target = createNamed(args.name, args.file, reader);
  if (options.wait) {
    output.status(`Waiting for the first reader of "${target.name}"`);
    while (target.readers === 0) await pause(LOOK_INTERVAL, signal);
  }
  const counts: Counts = { messages: 0, bytes: 0, dropped: 0, missed: 0 };
  using timers = new DisposableStack();
  timers.adopt(
    setInterval(() => output.status(progressOf(counts)), STATUS_INTERVAL),
    clearInterval,
  );
  try {
    const isCut = await sendAll(reader, target, new Schedule(options.speed, signal), counts);
    if (isCut) output.note("The recording was cut off: all its whole messages were sent");
  } finally {
    timers.dispose();
    if (counts.missed > 0) {
      output.note(`The recording lacks ${counts.missed} messages, which winipc record had missed`);
    }
    output.note(summaryOf(target, counts));
  }
}

/** Sends all messages at their times. Returns whether the recording was cut off. */
async function sendAll(
  reader: RecordingReader,
  target: TapTarget,
  schedule: Schedule,
  counts: Counts,
): Promise<boolean> {
  for (let record; (record = await reader.next()) !== undefined;) {
    if (!schedule.isDue(record.time)) {
      target.flush();
      await schedule.until(record.time);
    }
    if (record.type === "message") send(target, record, counts);
    else if (record.type === "missed") counts.missed += record.count;
    else if (record.type === "cut") return true;
  }
  return false;
}

function send(
  target: TapTarget,
  { bytes, metadata }: Extract<RecordingRecord, { type: "message" }>,
  counts: Counts,
): void {
  const isSent = target.send(bytes, metadata && decodeValue(metadata, "recording"));
  if (!isSent) counts.dropped++;
  else {
    counts.messages++;
    counts.bytes += bytes.length;
  }
}

/**
 * Creates the object of a recording. Settings that are out of range are the file's mistake.
 *
 * @throws {Deno.errors.AlreadyExists} If the name is taken, with advice.
 */
function createNamed(name: string, file: string, { header: { form } }: RecordingReader): TapTarget {
  try {
    return createTarget(name, form);
  } catch (error) {
    const taken = error instanceof Deno.errors.AlreadyExists ? namedKindOf(name) : undefined;
    if (taken !== undefined && taken !== "section") {
      throw new Deno.errors.AlreadyExists(
        `Cannot create ${show(name)}: the name belongs to ${aNoun(taken)}; winipc info ${name} ` +
          "describes it. Take another name",
        { cause: error },
      );
    }
    if (!(error instanceof RangeError)) throw error;
    throw new Deno.errors.InvalidData(
      `Cannot create what "${file}" describes: ${error.message}`,
      { cause: error },
    );
  }
}

function progressOf({ messages, bytes }: Counts): string {
  return `Sending: ${messages} messages, ${sizeText(bytes)}`;
}

function summaryOf({ name }: TapTarget, { messages, bytes, dropped }: Counts): string {
  const lost = dropped === 0 ? "" : `, dropped ${dropped}`;
  return `Sent to "${name}": messages ${messages}, bytes ${bytes}${lost}`;
}

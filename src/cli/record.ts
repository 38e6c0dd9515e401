import type { Invocation } from "./command_line/command.ts";
import type { SpecOf } from "./commands.ts";
import type { EndReason } from "./recording/format.ts";
import { sizeText } from "./printing/size_text.ts";
import { forEachMessage, openNamed } from "./messages/tap.ts";
import { assertName } from "./command_line/object_name.ts";
import { RecordingWriter } from "./recording/writer.ts";
import { TimeLimit } from "./waiting/limits.ts";

/** Time between two writes of a slow ring's messages, in milliseconds. */
const WRITE_INTERVAL = 100;
/** Time between two progress lines, in milliseconds. */
const STATUS_INTERVAL = 250;

/** Runs `winipc record`. */
export async function run(
  { args, options, output, signal: interrupted }: Invocation<SpecOf<"record">>,
): Promise<void> {
  assertName(args.name);
  using limit = new TimeLimit(interrupted, options.timeout);
  const failure = new AbortController();
  const signal = AbortSignal.any([limit.signal, failure.signal]);
  using source = openNamed(args.name, { signal });
  const { form, name } = source;
  await using writer = await RecordingWriter.create(args.file, {
    form,
    name,
    force: options.force,
  });
  output.status(`Recording ${source.label}`);
  using timers = new DisposableStack();
  const repeat = (callback: () => void, interval: number) =>
    timers.adopt(setInterval(callback, interval), clearInterval);
  // A full disk ends the recording also while no message comes.
  const write = () => writer.flush().catch((error) => failure.abort(error));
  repeat(write, WRITE_INTERVAL);
  repeat(() => output.status(progressOf(writer)), STATUS_INTERVAL);
  const most = options.count ?? Infinity;
  const record = () =>
    forEachMessage(source, signal, (message) => {
      const isMore = () => writer.counts.messages < most;
      const full = writer.add(message);
      return full === undefined ? isMore() : full.then(isMore);
    });
  try {
    const isClosed = await record().then(() => writer.counts.messages < most);
    await writer.end(isClosed ? "closed" : "stopped");
  } catch (error) {
    const reason: EndReason = error instanceof Deno.errors.ConnectionReset ? "died" : "stopped";
    // If the error is one of writing, this throws the same error again.
    await writer.end(reason);
    throw error;
  } finally {
    timers.dispose();
    output.note(summaryOf(writer, args.file));
  }
}

function progressOf({ counts: { messages, bytes, missed }, elapsed }: RecordingWriter): string {
  const seconds = Math.floor(elapsed / 1000);
  const lost = missed === 0 ? "" : `, ${missed} missed`;
  return `Recording: ${messages} messages, ${sizeText(bytes)}, ${seconds} s${lost}`;
}

function summaryOf({ counts: { messages, bytes, missed } }: RecordingWriter, file: string): string {
  return `Recorded to "${file}": messages ${messages}, bytes ${bytes}, ` +
    `missed ${missed}`;
}

import { encodingOf } from "./messages/encoding.ts";
import { escapeText } from "./printing/escape.ts";
import type { Invocation } from "./command_line/command.ts";
import { formatOf, Records } from "./printing/records.ts";
import { ifMissing } from "./targets/not_found.ts";
import { openBroadcastSource } from "./targets/broadcast.ts";
import { openEventSource } from "./targets/event.ts";
import { openMailslotSource } from "./targets/mailslot.ts";
import { openPipeSource } from "./targets/pipe.ts";
import { openRingSource } from "./targets/ring.ts";
import { openWindowSource } from "./targets/window.ts";
import { MissedCount } from "./messages/missed_count.ts";
import type { Output } from "./printing/output.ts";
import { assertMayTake } from "./targets/taking.ts";
import { parseTarget, type Target, targetText } from "./targets/target.ts";
import { type MessageForm, MessageShower, type ShownMessage } from "./messages/message_text.ts";
import type { Received, Source } from "./targets/source.ts";
import { show } from "../../ffi/arguments.ts";
import type { SpecOf } from "./commands.ts";
import { TimeLimit } from "./waiting/limits.ts";
import { UsageError } from "./command_line/failure.ts";

type Call = Invocation<SpecOf<"listen">>;

/** A message as the JSON formats print it. */
interface ReceivedRecord {
  /** The time when winipc received the message, as ISO 8601. */
  readonly time: string;
  /** The process that has sent the message, where Windows tells it. */
  readonly from?: number;
  /** The number `dwData` of a WM_COPYDATA. */
  readonly id?: bigint;
  /** The handle of the window that a WM_COPYDATA names as its sender; missing if it names none. */
  readonly sender?: string;
  /** The number of messages that were missed before this one; missing if it is 0. */
  readonly missed?: number;
  /** The length of the message in bytes; missing for an event. */
  readonly length?: number;
  readonly as?: MessageForm;
  readonly data?: unknown;
}

/** Runs `winipc listen`. */
export async function run({ args, options, output, signal }: Call): Promise<void> {
  const target = parseTarget(args.target);
  const format = formatOf(options);
  assertFits(target, options);
  const { as, count: most = Infinity } = options;
  if (as === "raw" && format !== "text") {
    throw new UsageError("Expected --as raw without --json and --jsonl, because it prints no text");
  }
  using limit = new TimeLimit(signal, options.timeout);
  await using stack = new AsyncDisposableStack();
  const source = await ifMissing(target, () => openSource(target, { options, output }));
  stack.defer(() => source.close());
  const about = source.note === undefined ? "" : ` (${source.note})`;
  output.note(escapeText(`Listening on ${targetText(target)}${about}`));
  const missed = new MissedCount(output);
  stack.defer(() => missed.flush());
  let text = "";
  using records = new Records<ReceivedRecord>(output, format, () => text);
  const shower = new MessageShower({
    form: as === "raw" ? undefined : as,
    encoding: encodingOf(target, options.encoding),
  });
  stack.defer(() => {
    if (shower.note !== undefined) output.note(shower.note);
  });
  for (let count = 0; count < most; count++) {
    const received = await source.next(limit.signal);
    if (received === undefined) {
      output.note(escapeText(`${targetText(target)} has ended: ${source.ending}`));
      return;
    }
    missed.add(received.missed ?? 0);
    if (as === "raw" && received.bytes !== undefined) output.writeBytes(received.bytes);
    else {
      const shown = received.bytes && shower.show(received.bytes);
      const record = recordOf(received, shown);
      text = textOf(record, shown);
      records.add(record);
    }
    output.flush();
    received.confirm?.();
  }
}

function recordOf(
  { bytes, from, id, sender, missed }: Received,
  shown: ShownMessage | undefined,
): ReceivedRecord {
  return {
    time: new Date().toISOString(),
    ...(from !== undefined && { from }),
    ...(id !== undefined && { id }),
    ...(sender !== undefined && sender !== 0n && { sender: `0x${sender.toString(16)}` }),
    ...(missed !== undefined && missed > 0 && { missed }),
    ...(bytes !== undefined && { length: bytes.length }),
    ...(shown !== undefined && { as: shown.as, data: shown.data }),
  };
}

/** Returns a message, or the setting of an event, as a line of text. */
function textOf({ time, id, from }: ReceivedRecord, shown: ShownMessage | undefined): string {
  if (shown === undefined) return `${time} set`;
  const head = id === undefined ? "" : `id ${id} from ${from ?? "an unnamed window"}: `;
  return head + shown.text;
}

/** Throws if the options do not fit the target, before anything is opened. */
function assertFits(target: Target, { take, messages, as }: Call["options"]): void {
  if (messages && target.kind !== "pipe") {
    throw new UsageError(`Expected --messages with pipe:NAME, got ${show(targetText(target))}`);
  }
  if (target.kind === "event" && as !== undefined) {
    throw new UsageError("An event has no message: leave --as out");
  }
  assertMayTake(target, take);
}

function openSource(
  target: Target,
  { options, output }: { options: Call["options"]; output: Output },
): Promise<Source> | Source {
  const { take, messages, as } = options;
  switch (target.kind) {
    case "ring":
      return openRingSource(target.name);
    case "broadcast":
      return openBroadcastSource(target.name);
    case "pipe": {
      const splits = !messages && as !== "hex" && as !== "raw";
      return openPipeSource(target.name, { mode: messages ? "messages" : "bytes", splits, output });
    }
    case "mailslot":
      return openMailslotSource(target.name);
    case "window":
      return openWindowSource(target, { take });
    case "event":
      return openEventSource(target.name, { take });
  }
}

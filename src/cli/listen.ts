import { encodingOf } from "./encoding.ts";
import { escapeText } from "./escape.ts";
import type { Invocation } from "./command.ts";
import { formatOf, Records } from "./records.ts";
import { ifMissing } from "./targets/not_found.ts";
import { openBroadcastSource } from "./targets/broadcast.ts";
import { openEventSource } from "./targets/event.ts";
import { openMailslotSource } from "./targets/mailslot.ts";
import { openPipeSource } from "./targets/pipe.ts";
import { openRingSource } from "./targets/ring.ts";
import { openWindowSource } from "./targets/window.ts";
import { MissedCount } from "./missed_count.ts";
import type { Output } from "./output.ts";
import { parseTarget, type Target, targetText } from "./target.ts";
import { type ReceivedRecord, recordText, toRecord } from "./received_text.ts";
import type { Source } from "./targets/source.ts";
import { show } from "../../ffi/arguments.ts";
import type { SpecOf } from "./commands.ts";
import { TimeLimit } from "./limits.ts";
import { UsageError } from "./failure.ts";

type Call = Invocation<SpecOf<"listen">>;

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
  using records = new Records<ReceivedRecord>(output, format, recordText);
  const encoding = encodingOf(target, options.encoding);
  for (let count = 0; count < most; count++) {
    const received = await source.next(limit.signal);
    if (received === undefined) {
      output.note(escapeText(`${targetText(target)} has ended: ${source.ending}`));
      return;
    }
    missed.add(received.missed ?? 0);
    if (as === "raw" && received.bytes !== undefined) output.writeBytes(received.bytes);
    else records.add(toRecord(received, { form: as === "raw" ? undefined : as, encoding }));
    output.flush();
    received.confirm?.();
  }
}

/** Throws if the options do not fit the target, before anything is opened. */
function assertFits(target: Target, { take, messages, as }: Call["options"]): void {
  if (messages && target.kind !== "pipe") {
    throw new UsageError(`Expected --messages with pipe:NAME, got ${show(targetText(target))}`);
  }
  if (target.kind === "event" && as !== undefined) {
    throw new UsageError("An event has no message: leave --as out");
  }
  const isTaken = target.kind === "ring" || target.kind === "mailslot";
  if (!isTaken || take) return;
  throw new UsageError(
    `A ${target.kind} has one receiver: what winipc receives, the program that usually receives ` +
      "does not get. Add --take to take the messages",
  );
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

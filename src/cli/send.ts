import { encodingOf } from "./encoding.ts";
import { payloadOf, type PayloadOptions } from "./payload.ts";
import type { Invocation } from "./command.ts";
import { ifMissing } from "./targets/not_found.ts";
import { openBroadcastSink } from "./targets/broadcast.ts";
import { openMailslotSink } from "./targets/mailslot.ts";
import { openPipeSink } from "./targets/pipe.ts";
import { openRingSink } from "./targets/ring.ts";
import { openWindowSink } from "./targets/window.ts";
import { parseTarget, type SignalTarget, type Target } from "./target.ts";
import { setEvent } from "./targets/event.ts";
import type { Sink, SinkOptions } from "./targets/sink.ts";
import type { SpecOf } from "./commands.ts";
import { stdinBytes, stdinLines } from "./stdin.ts";
import { UsageError } from "./failure.ts";
import type { WaitOptions } from "../wait/options.ts";

/** Shown before the standard input is read from a terminal. */
const PROMPT = "Each line that you type is sent. Ctrl-Z and Enter end the input";

/** Runs `winipc send`. */
export async function run(
  { args, options, output, signal }: Invocation<SpecOf<"send">>,
): Promise<void> {
  const target = parseTarget(args.target);
  const { as: form, timeout } = options;
  const data = args.data === "-" ? undefined : args.data;
  if (target.kind === "event") {
    if (args.data !== undefined) {
      throw new UsageError("An event has no message: leave DATA out, and winipc sets the event");
    }
    return await ifMissing(target, () => setEvent(target.name));
  }
  if (form === "raw" && data !== undefined) {
    throw new UsageError("Expected no DATA with --as raw, which sends the standard input as it is");
  }
  const encoding = encodingOf(target, options.encoding);
  const wait = { signal, ...(timeout !== undefined && { timeout }) };
  // Wrong data is a mistake to report before anything is opened.
  const message = data === undefined || form === "raw"
    ? undefined
    : payloadOf(data, { form, target, encoding });
  await using stack = new AsyncDisposableStack();
  const sink = await ifMissing(
    target,
    () => openSink(target, { output, wait, dataId: options["data-id"] }),
  );
  stack.defer(() => sink.close());
  if (form === "raw") await sink.send({ bytes: await stdinBytes(signal), isLine: false }, wait);
  else if (message !== undefined) await sink.send({ bytes: message, isLine: isLine(form) }, wait);
  else {
    if (Deno.stdin.isTerminal()) output.note(PROMPT);
    await sendLines(sink, wait, { form, target, encoding });
  }
}

/** Sends each line of the standard input, as soon as it arrives. */
async function sendLines(
  sink: Sink,
  wait: WaitOptions & { signal: AbortSignal },
  payload: PayloadOptions,
): Promise<void> {
  let number = 0;
  for await (const line of stdinLines(wait.signal)) {
    number++;
    await sink.send(
      { bytes: messageOf(line, number, payload), isLine: isLine(payload.form) },
      wait,
    );
  }
}

/** Returns the message of a line of the standard input. */
function messageOf(
  line: Uint8Array<ArrayBuffer>,
  number: number,
  payload: PayloadOptions,
): Uint8Array<ArrayBuffer> {
  try {
    return payloadOf(new TextDecoder("utf-8", { fatal: true }).decode(line), payload);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof TypeError)) throw error;
    const why = error instanceof UsageError ? error.message : "it is not UTF-8";
    throw new Deno.errors.InvalidData(
      `Cannot send line ${number} of the standard input: ${why}; the lines before were sent`,
    );
  }
}

/** Returns whether messages are lines in a stream of bytes. */
function isLine(form: PayloadOptions["form"]): boolean {
  return form !== "hex";
}

function openSink(
  target: Exclude<Target, SignalTarget>,
  options: SinkOptions,
): Promise<Sink> | Sink {
  switch (target.kind) {
    case "ring":
      return openRingSink(target.name);
    case "broadcast":
      return openBroadcastSink(target.name);
    case "pipe":
      return openPipeSink(target.name, options);
    case "mailslot":
      return openMailslotSink(target.name);
    case "window":
      return openWindowSink(target, options);
  }
}

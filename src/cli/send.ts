import { encodingOf } from "./messages/encoding.ts";
import { payloadOf, type PayloadOptions } from "./messages/payload.ts";
import type { Invocation } from "./command_line/command.ts";
import { ifMissing } from "./targets/not_found.ts";
import { openBroadcastSink } from "./targets/broadcast.ts";
import { openMailslotSink } from "./targets/mailslot.ts";
import { openPipeSink } from "./targets/pipe.ts";
import { openRingSink } from "./targets/ring.ts";
import { openWindowSink } from "./targets/window.ts";
import { pause } from "./waiting/pause.ts";
import { parseTarget, type SignalTarget, type Target } from "./targets/target.ts";
import { setEvent } from "./targets/event.ts";
import type { Sink, SinkOptions } from "./targets/sink.ts";
import type { SpecOf } from "./commands.ts";
import { stdinBytes, stdinLines } from "./input/stdin.ts";
import { UsageError } from "./command_line/failure.ts";
import type { WaitOptions } from "../wait/options.ts";

/** Shown before the standard input is read from a terminal. */
const PROMPT = "Each line that you type is sent. Ctrl-Z and Enter end the input";

/** The time that the standard input has to end after the receiver is gone, in milliseconds. */
const END_OF_INPUT = 200;

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
  if (message !== undefined && form !== "raw") {
    return await sink.send({ bytes: message, isLine: isLine(form) }, wait);
  }
  using receiver = new ReceiverWatch(sink, signal);
  if (form === "raw") {
    const bytes = await stdinBytes(receiver.signal);
    return await sink.send({ bytes, isLine: false }, wait);
  }
  if (Deno.stdin.isTerminal()) output.note(PROMPT);
  await sendLines(sink, { wait, input: receiver.signal }, { form, target, encoding });
}

/** Ends the wait for the standard input when the receiver is gone. */
class ReceiverWatch implements Disposable {
  /** Aborts when the receiver is gone, and when the command is interrupted. */
  readonly signal: AbortSignal;
  readonly #over = new AbortController();

  constructor(sink: Sink, interrupted: AbortSignal) {
    const gone = new AbortController();
    this.signal = AbortSignal.any([interrupted, gone.signal]);
    const over = AbortSignal.any([interrupted, this.#over.signal]);
    sink.whenGone?.(over).catch(async (error) => {
      // A pipe in which only the client writes does not tell that the server is gone.
      if (over.aborted || error instanceof Deno.errors.NotSupported) return;
      // If the input ends now, nothing is lost: the receiver may have got all that it waited for.
      await pause(END_OF_INPUT, over);
      gone.abort(error);
    }).catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}

/** Sends each line of the standard input, as soon as it arrives. */
async function sendLines(
  sink: Sink,
  { wait, input }: { wait: WaitOptions; input: AbortSignal },
  payload: PayloadOptions,
): Promise<void> {
  let number = 0;
  for await (const line of stdinLines(input)) {
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

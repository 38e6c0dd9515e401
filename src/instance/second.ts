/**
 * The side of a later instance: it hands its arguments over to the first.
 *
 * @module
 */

import { user32 } from "../../ffi/win32/user32.ts";
import { connectPipe, type PipeConnection } from "../pipe/mod.ts";
import { timeLeft } from "../wait/options.ts";
import { type Answer, decodeAnswer, MAX_LENGTH } from "./message.ts";

/**
 * Maximum wait for a place at the pipe of the first instance, in milliseconds. After that this
 * process looks again whether it can be the first.
 */
const MAX_CONNECT = 250;

/** A handover to the first instance. */
export interface HandoverOptions {
  /** The path of the pipe. */
  path: string;
  /** The name of the single instance in messages: `single instance "Local\\x"`. */
  label: string;
  /** The bytes of the handover. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The time of `performance.now()` at which the wait ends. */
  deadline: number;
  /** The timeout of the whole wait in milliseconds, for the message. */
  timeout: number;
  signal: AbortSignal | undefined;
}

/**
 * Hands the arguments over to the first instance.
 *
 * @returns The answer; `undefined` if there is no first instance, or it ended before it answered.
 * @throws {Deno.errors.TimedOut} If the first instance did not answer in time.
 * @throws {Deno.errors.InvalidData} If its answer is invalid.
 * @throws {Deno.errors.PermissionDenied} If the pipe belongs to another user.
 */
export async function handOver(options: HandoverOptions): Promise<Answer | undefined> {
  const connection = await connect(options);
  if (connection === undefined) return undefined;
  const { bytes, deadline, signal } = options;
  const wait = () => ({ timeout: Math.ceil(timeLeft(deadline)), ...(signal && { signal }) });
  using stack = new DisposableStack();
  stack.defer(() => connection.abort());
  try {
    // Windows lets the first instance show its window in front only if this process allows that.
    user32().AllowSetForegroundWindow(connection.peer.pid);
    await connection.write(bytes, wait());
    const answer = await connection.readMessage(wait());
    return answer === null ? undefined : decodeAnswer(answer);
  } catch (error) {
    if (hasEnded(error)) return undefined;
    const first = `the first process of the ${options.label} (process ${connection.peer.pid})`;
    if (error instanceof Deno.errors.InvalidData) {
      throw new Deno.errors.InvalidData(
        `Cannot hand the arguments over to ${first}: its answer is invalid, because it is another ` +
          "program, or has another version of winipc; use another name",
        { cause: error },
      );
    }
    if (!(error instanceof Deno.errors.TimedOut)) throw error;
    throw new Deno.errors.TimedOut(
      `Waited ${options.timeout} ms for ${first} to take the arguments: it is busy or hangs`,
    );
  }
}

async function connect(
  { path, label, deadline, signal }: HandoverOptions,
): Promise<PipeConnection | undefined> {
  try {
    return await connectPipe(path, {
      mode: "messages",
      maxMessageLength: MAX_LENGTH,
      timeout: Math.ceil(Math.min(timeLeft(deadline), MAX_CONNECT)),
      ...(signal && { signal }),
    });
  } catch (error) {
    // Without a place in time, this process tries again, or its own time is over.
    if (hasEnded(error) || error instanceof Deno.errors.TimedOut) return undefined;
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new Deno.errors.PermissionDenied(
      `Cannot acquire the ${label}: another user has taken its pipe ${path}; use another name`,
      { cause: error },
    );
  }
}

/** Returns whether an error says that the first instance has ended. */
function hasEnded(error: unknown): boolean {
  const { NotFound, BrokenPipe, ConnectionReset } = Deno.errors;
  return error instanceof NotFound || error instanceof BrokenPipe ||
    error instanceof ConnectionReset;
}

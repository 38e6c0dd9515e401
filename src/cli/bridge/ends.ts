/**
 * Opens the channels of a bridge's routes. The bridge itself takes the places of rings.
 *
 * @module
 */

import type { Sink, Source } from "../../bridge/mod.ts";
import { BroadcastRing, RingChannel } from "../../channel/mod.ts";
import { listWindows } from "../../messages/mod.ts";
import { connectPipe, openMailslot } from "../../pipe/mod.ts";
import type { WaitOptions } from "../../wait/options.ts";
import type { Output } from "../printing/output.ts";
import type { WindowTarget } from "../targets/target.ts";
import { openMailslotSource } from "../targets/mailslot.ts";
import { notFound } from "../targets/not_found.ts";
import { openPipeSource } from "../targets/pipe.ts";
import { openUntyped } from "../targets/untyped.ts";
import { openWindowSource } from "../targets/window.ts";
import { messagesOf } from "./messages.ts";
import type { MessageTarget } from "./route_words.ts";

const LAYOUT_ADVICE = "winipc bridges without a layout only; a script can use the layout";

/** An end on this machine, and what is closed after the bridge. */
export interface OpenEnd<T> {
  readonly end: T;
  close(): Promise<void> | void;
}

/** How ends are opened. */
export interface EndOptions {
  readonly output: Output;
  /** The wait for a pipe that is busy. */
  readonly wait: WaitOptions & { readonly signal: AbortSignal };
  /** Whether messages are taken that another receiver may wait for. */
  readonly take: boolean;
  /** Whether pipes are created for messages, and not for lines. */
  readonly messages: boolean;
}

/** Opens a source. */
export async function openSource(
  target: MessageTarget,
  { output, wait: { signal }, take, messages }: EndOptions,
): Promise<OpenEnd<Source>> {
  switch (target.kind) {
    case "ring":
      return openRing(target.name);
    case "broadcast":
      return openBroadcast(target.name);
    case "pipe": {
      const mode = messages ? "messages" : "bytes";
      return messagesOf(openPipeSource(target.name, { mode, splits: !messages, output }), signal);
    }
    case "mailslot":
      return messagesOf(openMailslotSource(target.name), signal);
    case "window":
      return messagesOf(await openWindowSource(target, { take }), signal);
  }
}

/** Opens a sink. */
export async function openSink(
  target: MessageTarget,
  { wait }: EndOptions,
): Promise<OpenEnd<Sink>> {
  switch (target.kind) {
    case "ring":
      return openRing(target.name);
    case "broadcast":
      return openBroadcast(target.name);
    case "pipe": {
      // The user has named the pipe, and asks this of winipc: no check of the server's user.
      const end = await connectPipe(target.name, { ...wait, mode: "messages", server: "anyone" });
      return { end, close: () => end[Symbol.asyncDispose]() };
    }
    case "mailslot": {
      const end = openMailslot(target.name);
      return { end, close: () => end.close() };
    }
    case "window":
      return { end: { window: await findOne(target) }, close() {} };
  }
}

function openRing(name: string): OpenEnd<RingChannel> {
  const end = openUntyped(() => RingChannel.open(name), LAYOUT_ADVICE);
  return { end, close: () => end.close() };
}

function openBroadcast(name: string): OpenEnd<BroadcastRing> {
  const end = openUntyped(() => BroadcastRing.open(name), LAYOUT_ADVICE);
  return { end, close: () => end.close() };
}

/** Returns the handle of the first window that matches. */
async function findOne(target: WindowTarget): Promise<bigint> {
  const { class: name, title } = target;
  const [window] = listWindows({ class: name, ...(title !== undefined && { title }) });
  if (window === undefined) throw await notFound(target);
  return window.handle;
}

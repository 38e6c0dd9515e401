/**
 * Channels for a process that is running already: handles of their parts, and messages that tell
 * of them.
 *
 * @module
 */

import { assertOptions, type OptionChecks, show } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { CopyDataMessage, WindowTarget } from "../../messages/mod.ts";
import {
  assertCopyData,
  RECEIVE_HANDLE_CHECKS,
  SEND_HANDLE_CHECKS,
} from "../../process/handle_transfer.ts";
import { decodeNotice } from "../../process/handle_notice.ts";
import {
  receiveHandle,
  type ReceiveHandleOptions,
  sendHandle,
  type SendHandleOptions,
} from "../../process/mod.ts";
import type { SharedEvent } from "../../sync/mod.ts";
import { channelFromParts, partsOf, RingChannel } from "./channel.ts";

/** How many channels may be on their way to an inbox at a time. */
const MAX_PENDING = 16;

const SEND_CHECKS: OptionChecks<Omit<SendHandleOptions, "access">> = {
  tag: SEND_HANDLE_CHECKS.tag,
  form: SEND_HANDLE_CHECKS.form,
  timeout: SEND_HANDLE_CHECKS.timeout,
  signal: SEND_HANDLE_CHECKS.signal,
  from: SEND_HANDLE_CHECKS.from,
};

const INBOX_CHECKS: OptionChecks<Pick<ReceiveHandleOptions<"memory">, "form">> = {
  form: RECEIVE_HANDLE_CHECKS.form,
};

/**
 * Gives the process of a window a channel: its two events and its memory, each by `sendHandle`.
 *
 * @param target The window, of a listener that gives its messages to a {@linkcode ChannelInbox}.
 * @param channel The channel, which has to stay open until this is over.
 * @param options How; `tag` tells the receiver which one it is. The time is for each part.
 * @returns What the receiver answered to the last part, never 0.
 * @throws What `sendHandle` throws.
 *
 * @example
 * ```ts ignore
 * import { findWindow, RingChannel, sendChannel } from "@winipc/winipc";
 *
 * using channel = RingChannel.anonymous();
 * await sendChannel(await findWindow({ class: "viewer" }), channel);
 * using sender = channel.sender();
 * await sender.sendValue({ hello: "viewer" });
 * ```
 */
export async function sendChannel(
  target: WindowTarget,
  channel: RingChannel,
  options: Omit<SendHandleOptions, "access"> = {},
): Promise<bigint> {
  if (!(channel instanceof RingChannel)) {
    throw new TypeError(`Expected the channel to be a RingChannel, got ${show(channel)}`);
  }
  assertOptions(options, SEND_CHECKS);
  const { data, space, memory } = partsOf(channel);
  await sendHandle(target, data, options);
  await sendHandle(target, space, options);
  return await sendHandle(target, memory, options);
}

/**
 * Puts the parts of channels together that come by {@linkcode sendChannel}.
 *
 * @example
 * ```ts ignore
 * import { ChannelInbox, CopyDataListener } from "@winipc/winipc";
 *
 * // Not with `using`: both are to go on after the script's last line.
 * const inbox = new ChannelInbox();
 * const listener = await CopyDataListener.open({
 *   class: "viewer",
 *   onMessage(message) {
 *     const channel = inbox.take(message);
 *     if (channel !== undefined) void show(channel);
 *     return 1n;
 *   },
 * });
 * ```
 */
export class ChannelInbox extends Uncloneable implements Disposable {
  readonly #form: Pick<ReceiveHandleOptions<"memory">, "form">;
  /** The events that have come, by who sent them and their tag. */
  readonly #pending = new Map<string, SharedEvent[]>();

  /**
   * Makes an inbox.
   *
   * @param options Which forms of handles are taken: see `receiveHandle`.
   */
  constructor(options: Pick<ReceiveHandleOptions<"memory">, "form"> = {}) {
    super();
    assertOptions(options, INBOX_CHECKS);
    this.#form = options;
  }

  /**
   * Takes a part, in a listener's `onMessage`.
   *
   * @returns The channel, if this was the last part of it; whoever calls this has to close it.
   * @throws {Deno.errors.InvalidData} If it is no part of a channel, or not the next one.
   * @throws What `receiveHandle` throws.
   */
  take(message: CopyDataMessage): RingChannel | undefined {
    assertCopyData(message);
    const { pid, tag, access } = decodeNotice(message.id, message.bytes);
    const key = `${pid} ${tag}`;
    const events = this.#pending.get(key) ?? [];
    if (access === "event" && events.length < 2) {
      events.push(receiveHandle(message, { ...this.#form, of: "event" }).object);
      this.#keep(key, events);
      return undefined;
    }
    this.#pending.delete(key);
    try {
      const [data, space] = events;
      if (data === undefined || space === undefined) {
        throw new Deno.errors.InvalidData(
          `Cannot take a channel of process ${pid}: ${access} came, and ${events.length} events`,
        );
      }
      const { memory } = receiveHandle(message, this.#form);
      return channelFromParts({ data, space, memory });
    } catch (error) {
      for (const event of events) event.close();
      throw error;
    }
  }

  /** Closes the parts of channels that are not complete. */
  close(): void {
    for (const key of this.#pending.keys()) this.#drop(key);
  }

  /** Closes the parts of channels that are not complete, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #keep(key: string, events: SharedEvent[]): void {
    this.#pending.set(key, events);
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size <= MAX_PENDING) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    for (const event of this.#pending.get(key) ?? []) event.close();
    this.#pending.delete(key);
  }
}

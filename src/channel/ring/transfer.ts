/**
 * Passes channels to processes that already run: `sendHandle` sends a handle of each part.
 *
 * @module
 */

import { assertOptions, type OptionChecks, show } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { CopyDataMessage, WindowTarget } from "../../messages/mod.ts";
import {
  assertCopyData,
  decodeNotice,
  RECEIVE_HANDLE_CHECKS,
  SEND_HANDLE_CHECKS,
} from "../../process/handle_transfer.ts";
import {
  receiveHandle,
  type ReceiveHandleOptions,
  sendHandle,
  type SendHandleOptions,
} from "../../process/mod.ts";
import type { SharedEvent } from "../../sync/mod.ts";
import { type AnyMessage, MESSAGE_CHECKS, type MessageOption } from "../peer/memory.ts";
import { type AnyChannel, anyChannelFromParts, partsOf, RingChannel } from "./channel.ts";

/** Maximum number of incomplete channels in an inbox, so that lost parts do not pile up. */
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
 * Passes a channel to the process of a window: the two events, then the memory, by `sendHandle`.
 *
 * @param target The window of a listener that gives its messages to a {@linkcode ChannelInbox}.
 * @param channel The channel, which must stay open until the promise settles.
 * @param options The options of `sendHandle`. The `timeout` holds for each of the three parts. If
 *   this process sends several channels at a time to one inbox, give each its own `tag`.
 * @returns The receiver's answer to the last part, never 0.
 * @throws {TypeError} If `channel` is not a {@linkcode RingChannel}.
 * @throws Every error of `sendHandle`.
 *
 * @example Send a channel to a listener, and receive through it
 * ```ts
 * import { ChannelInbox, RingChannel, sendChannel } from "@winipc/winipc/channel";
 * import { CopyDataListener } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * // The listener is usually in another process.
 * using inbox = new ChannelInbox();
 * await using listener = await CopyDataListener.open({
 *   onMessage(message) {
 *     using same = inbox.take(message);
 *     same?.sender().sendSync(new TextEncoder().encode("Hello"));
 *     return 1n;
 *   },
 * });
 *
 * using channel = RingChannel.anonymous();
 * await sendChannel(listener, channel);
 * using receiver = channel.receiver();
 * assertEquals(new TextDecoder().decode(receiver.tryReceive()), "Hello");
 * ```
 */
export async function sendChannel(
  target: WindowTarget,
  channel: RingChannel<unknown, unknown, unknown>,
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
 * Puts channels together from the parts that {@linkcode sendChannel} sends.
 *
 * @example Take the channels that other programs send
 * ```ts ignore
 * import { ChannelInbox, CopyDataListener } from "@winipc/winipc";
 *
 * // Without `using`: both stay open after the last line of the script.
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
  /** The events that have arrived, by the sender's process id and tag. */
  readonly #pending = new Map<string, SharedEvent[]>();

  /**
   * Creates an empty inbox.
   *
   * @param options The accepted `form` of handles: see `receiveHandle`.
   */
  constructor(options: Pick<ReceiveHandleOptions<"memory">, "form"> = {}) {
    super();
    assertOptions(options, INBOX_CHECKS);
    this.#form = options;
  }

  /**
   * Takes a part of a channel. Call this in `onMessage` of a listener.
   *
   * @param options The layout of the channel's messages.
   * @returns The channel if this part completes it, otherwise `undefined`. The caller closes it.
   * @throws {Deno.errors.InvalidData} If the message is not the next part of a channel, or the
   *   channel has another layout of messages.
   * @throws Every error of `receiveHandle`.
   */
  take<Value, Input, View>(
    message: CopyDataMessage,
    options: MessageOption<Value, Input, View>,
  ): RingChannel<Value, Input, View> | undefined;
  /** Takes a part of a channel for bytes and cloned values. */
  take(message: CopyDataMessage): RingChannel | undefined;
  take(message: CopyDataMessage, options: AnyMessage = {}): AnyChannel | undefined {
    assertCopyData(message);
    assertOptions(options, MESSAGE_CHECKS);
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
          `Cannot take a channel from process ${pid}: expected two events and then the memory, ` +
            `got ${access} after ${events.length} events`,
        );
      }
      const { memory } = receiveHandle(message, this.#form);
      return anyChannelFromParts({ data, space, memory }, options);
    } catch (error) {
      for (const event of events) event.close();
      throw error;
    }
  }

  /** Closes the parts of all incomplete channels. */
  close(): void {
    for (const key of this.#pending.keys()) this.#drop(key);
  }

  /** Closes the parts of all incomplete channels at the end of a `using` block. */
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

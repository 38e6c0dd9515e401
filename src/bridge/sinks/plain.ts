/**
 * Sinks other than rings: broadcast rings, pipes, mailslots and windows. The script has opened the
 * pipes and the mailslots, and closes them.
 *
 * @module
 */

import type { AnyRing } from "../../channel/broadcast/ring.ts";
import { labelFor } from "../../channel/peer/memory.ts";
import { SEND_OPTIONS, sendCopyData } from "../../messages/send/message.ts";
import { toWindow } from "../../messages/window/find.ts";
import { formOf, type PipeConnection } from "../../pipe/connection.ts";
import type { MailslotSender } from "../../pipe/mailslot.ts";
import { assertOptions, type OptionChecks } from "../../../ffi/arguments.ts";
import type { WindowSink } from "../route.ts";
import type { RouteSink } from "../sink.ts";

/** Makes a sink that never waits. */
function immediateSink(
  sink: Pick<RouteSink, "label" | "maxMessageLength" | "close">,
  send: (bytes: Uint8Array) => void,
): RouteSink {
  const trySend = (bytes: Uint8Array) => {
    send(bytes);
    return true;
  };
  const { label, maxMessageLength } = sink;
  return {
    label,
    maxMessageLength,
    trySend,
    send: (bytes) => Promise.try(trySend, bytes),
    close: () => sink.close(),
  };
}

/** Opens the sender of a broadcast ring, which never waits for receivers. */
export function broadcastSink(ring: AnyRing): RouteSink {
  const sender = ring.sender();
  return immediateSink({
    label: labelFor("broadcast ring", ring.name),
    maxMessageLength: ring.settings.maxMessageLength,
    close: () => sender.close(),
  }, (bytes) => sender.send(bytes));
}

/** Makes the sink for the sending end of a mailslot. Windows keeps any number of messages. */
export function mailslotSink(sender: MailslotSender): RouteSink {
  return immediateSink({
    label: `mailslot "${sender.path}"`,
    maxMessageLength: undefined,
    close() {},
  }, (bytes) => sender.send(bytes));
}

/**
 * Makes the sink for a connection over a pipe of messages.
 *
 * @throws {TypeError} If the connection carries bytes.
 */
export function pipeSink(connection: PipeConnection): RouteSink {
  const { label, hasMessages, endsByEmpty } = formOf(connection);
  if (!hasMessages) {
    throw new TypeError(
      `Cannot bridge to the ${label}: it carries bytes without boundaries of messages; open both ` +
        'ends with { mode: "messages" }',
    );
  }
  return {
    label,
    maxMessageLength: undefined,
    trySend: () => false,
    async send(bytes, signal) {
      // An empty message would be the end for the peer, so the pipe cannot carry one.
      if (bytes.length === 0 && endsByEmpty) return false;
      await connection.write(bytes, { signal });
      return true;
    },
    close() {},
  };
}

const WINDOW_CHECKS: OptionChecks<WindowSink> = {
  window: (name, value) => void toWindow(name, value),
  id: SEND_OPTIONS.id,
  timeout: SEND_OPTIONS.timeout,
};

/** Makes the sink for a window, which gets each message by WM_COPYDATA. */
export function windowSink(sink: WindowSink): RouteSink {
  assertOptions(sink, WINDOW_CHECKS);
  const { window, id = 0, timeout } = sink;
  const handle = toWindow("window", window);
  return {
    label: `window 0x${handle.toString(16)}`,
    maxMessageLength: undefined,
    trySend: () => false,
    async send(bytes, signal) {
      signal.throwIfAborted();
      const options = { id, ...(timeout !== undefined && { timeout }) };
      // Not with the signal: the window can still get a message whose wait was stopped.
      return await sendCopyData(handle, bytes, options) !== 0n;
    },
    close() {},
  };
}

/**
 * Two `BroadcastChannel`s between the main thread and a Worker, one for each direction.
 *
 * @module
 */

import type { Side, WayOfProgram } from "../../link.ts";
import { PortLink } from "./message_port.ts";

/**
 * Maximum bytes and frames that wait for a thread: 4 frames of 64 KiB, but 1 frame of 1 MiB. Deno
 * drops messages if 256 wait, those of other channels included. Deno decodes all waiting messages
 * before it shows the first. A larger window would hide the time for that.
 */
const MAX_BYTES = 2 ** 18;
const MAX_FRAMES = 64;

/** The far end is a Worker, whose name is the name of the pair. */
export const broadcastChannel: WayOfProgram = {
  async open(_side, name) {
    const url = new URL("broadcast_channel_far.ts", import.meta.url);
    const far = new Worker(url, { type: "module", name });
    await new Promise((resolve) => far.onmessage = resolve);
    return channelLink("near", name, () => far.terminate());
  },
};

function channelWindow(length: number): number {
  return Math.max(1, Math.min(MAX_FRAMES, Math.floor(MAX_BYTES / length)));
}

/** Opens the channels of an end. */
export function channelLink(side: Side, name: string, close: () => void): PortLink {
  const out = new BroadcastChannel(`${name}-from-${side}`);
  const back = new BroadcastChannel(`${name}-from-${side === "near" ? "far" : "near"}`);
  const port = {
    postMessage: (message: Uint8Array) => out.postMessage(message),
    set onmessage(take: ((event: MessageEvent) => void) | null) {
      back.onmessage = take;
    },
  };
  return new PortLink(port, {
    window: channelWindow,
    close() {
      out.close();
      back.close();
      close();
    },
  });
}

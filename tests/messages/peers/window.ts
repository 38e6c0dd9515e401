/**
 * Runs a window. Prints the id, the sender, the size and a checksum of each WM_COPYDATA, and
 * answers as its id asks. A third argument is the window's title.
 *
 * @module
 */

import { MessageWindow, sendCopyDataSync } from "../../../src/messages/mod.ts";

const [name, visibility, title] = Deno.args as [string, "message-only" | "hidden", string?];

/** The reactions to messages, by their ids. */
const behaviours: Record<number, (sender: bigint, length: number) => bigint> = {
  /** Answers with the number of bytes. */
  1: (_sender, length) => BigInt(length),
  /** Hangs for longer than any sender waits. */
  2: () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    return 0n;
  },
  /** Ends the process during the send. */
  3: () => Deno.exit(9),
  /** Sends a message to the sender's window, and answers with its answer plus 1. */
  4: (sender) => sendCopyDataSync(sender, "from inside", { id: 1 }) + 1n,
  /** Answers with a negative number. */
  5: () => -1n,
  /** Closes the window during the send, and answers 6. */
  6: () => {
    window.close();
    return 6n;
  },
};

const window: MessageWindow = MessageWindow.open({
  class: name,
  title: title ?? `title of ${name}`,
  visibility,
  procedure: ({ copyData, wParam }) => {
    if (copyData === undefined) return undefined;
    const { id, bytes } = copyData;
    const sum = bytes.reduce((total, byte) => (total * 31 + byte) >>> 0, 0);
    console.log(`${id} ${wParam} ${bytes.length} ${sum}`);
    return behaviours[Number(id)]?.(wParam, bytes.length) ?? 0n;
  },
});
console.log("ready");
window.run();
console.log("ended");
window.close();

/**
 * A peer with a window, whose thread stands in the message loop: it says what each
 * WM_COPYDATA brought, and answers as the message's number asks. It can be given a title.
 *
 * @module
 */

import { MessageWindow, sendCopyDataSync } from "../../../src/messages/mod.ts";

const [name, visibility, title] = Deno.args as [string, "message-only" | "hidden", string?];

/** What the numbers of messages ask for. */
const behaviours: Record<number, (sender: bigint, length: number) => bigint> = {
  /** Answers the count of bytes. */
  1: (_sender, length) => BigInt(length),
  /** Hangs for longer than anybody waits. */
  2: () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    return 0n;
  },
  /** Ends in the middle of the call. */
  3: () => Deno.exit(9),
  /** Answers from inside, by a message of its own to the window that the sender named. */
  4: (sender) => sendCopyDataSync(sender, "from inside", { id: 1 }) + 1n,
  /** Answers a number with the sign bit. */
  5: () => -1n,
};

const window = MessageWindow.open({
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

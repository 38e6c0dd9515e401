/**
 * A window procedure of one's own, and sending to it, in scripts that do nothing else
 * meanwhile: no thread is started and no event loop runs, which saves a short script the most.
 *
 *     deno run --allow-ffi examples/message_window.ts receive --class words
 *     deno run --allow-ffi examples/message_window.ts send --class words --text "Hello"
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { decodeText, findWindow, MessageWindow, sendCopyDataSync } from "@winipc/winipc";

/** What the number of a message means to these two: a text, or that there are no more. */
const TEXT = 1;
const END = 2;

/**
 * Takes texts until the end is announced, and answers how many characters each has;
 * the thread stands in the message loop meanwhile.
 */
export function receive(className: string, onText: (text: string) => void): void {
  using window = MessageWindow.open({
    class: className,
    procedure: ({ copyData }) => {
      if (copyData === undefined) return undefined;
      if (copyData.id === BigInt(END)) {
        window.close();
        return 1n;
      }
      const text = decodeText(copyData.bytes);
      onText(text);
      return BigInt(text.length);
    },
  });
  window.run();
}

/** Sends a text to a window and gives its answer. */
export async function send(
  className: string,
  text: string,
  signal: AbortSignal,
): Promise<bigint> {
  const window = await findWindow({ class: className, signal });
  return sendCopyDataSync(window, text, { id: TEXT });
}

/** Tells a window that there are no more texts. */
export async function end(className: string): Promise<void> {
  sendCopyDataSync(await findWindow({ class: className }), "", { id: END });
}

if (import.meta.main) {
  const { _: [role], class: className, text, timeout } = parseArgs(Deno.args, {
    string: ["class", "text", "timeout"],
    default: { class: "winipc-example", text: "Hello", timeout: "30000" },
  });
  if (role === "receive") {
    console.log(`Process ${Deno.pid} waits in a window of class "${className}"`);
    receive(className, (text) => console.log("Received", JSON.stringify(text)));
  } else if (role === "send") {
    const answer = await send(className, text, AbortSignal.timeout(Number(timeout)));
    console.log("The receiver answered", answer);
    await end(className);
  } else {
    console.error(
      "Usage: message_window.ts receive|send [--class CLASS] [--text TEXT] [--timeout MS]",
    );
    Deno.exit(2);
  }
}

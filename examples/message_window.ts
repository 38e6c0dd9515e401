/**
 * Handles messages in a window procedure, and sends synchronously. Both scripts do nothing else
 * while they wait. They start no thread and need no event loop, so a short script ends sooner.
 *
 *     deno run --allow-ffi examples/message_window.ts receive --class words
 *     deno run --allow-ffi examples/message_window.ts send --class words --text "Hello"
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { decodeText, findWindow, MessageWindow, sendCopyDataSync } from "@winipc/winipc";

/** The ids of messages: a text, or the end of the texts. */
const TEXT = 1;
const END = 2;

/**
 * Receives texts until a message with the id END, and answers each with its number of characters.
 * The message loop blocks the thread.
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

/** Sends a text to a window, and returns the window's answer. */
export async function send(
  className: string,
  text: string,
  signal: AbortSignal,
): Promise<bigint> {
  const window = await findWindow({ class: className, signal });
  return sendCopyDataSync(window, text, { id: TEXT });
}

/** Sends the message END to a window. */
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

/**
 * Sends texts (`WM_COPYDATA`) between the windows of two programs. The receiver first sends a text
 * back, and then answers the first message with a number.
 *
 *     deno run --allow-ffi examples/copy_data.ts receive --class words
 *     deno run --allow-ffi examples/copy_data.ts send --class words --text "Hello"
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { CopyDataListener, type CopyDataMessage, findWindow, sendCopyData } from "@winipc/winipc";

/** The ids of messages: a text, or the end of the texts. */
const TEXT = 1n;
const END = 2n;

/**
 * Receives texts until a message with the id END. Sends each text back in upper case, and answers
 * with its number of characters.
 */
export async function receive(className: string): Promise<void> {
  await using listener = await CopyDataListener.open({ class: className, onMessage });
  await listener.finished;
}

async function onMessage(message: CopyDataMessage, listener: CopyDataListener): Promise<number> {
  if (message.id !== TEXT) {
    // Not awaited, because close() waits until this handler returns.
    listener.close();
    return 0;
  }
  const text = message.text();
  console.log("Received", JSON.stringify(text));
  const answer = await message.reply(text.toUpperCase(), { id: TEXT });
  console.log(`Sent it back in upper case, and got the answer ${answer}`);
  return text.length;
}

/** Sends a text to a window. Returns the window's answer and the text that it sends back. */
export async function send(
  className: string,
  text: string,
  signal: AbortSignal,
): Promise<{ answer: bigint; reply: string }> {
  const window = await findWindow({ class: className, signal });
  await using listener = await CopyDataListener.open({ answer: 2 });
  const answer = await sendCopyData(window, text, { id: TEXT, from: listener, signal });
  const reply = await listener.receive({ signal });
  return { answer, reply: reply!.text() };
}

/** Sends the message END to a window. */
export async function end(className: string): Promise<void> {
  await sendCopyData(await findWindow({ class: className }), "", { id: END });
}

if (import.meta.main) {
  const { _: [role], class: className, text, timeout } = parseArgs(Deno.args, {
    string: ["class", "text", "timeout"],
    default: { class: "winipc-example", text: "Hello", timeout: "30000" },
  });
  if (role === "receive") {
    console.log(`Process ${Deno.pid} listens in a window of class "${className}"`);
    await receive(className);
  } else if (role === "send") {
    const signal = AbortSignal.timeout(Number(timeout));
    const { answer, reply } = await send(className, text, signal);
    console.log(`The receiver answered ${answer} and sent back`, JSON.stringify(reply));
    await end(className);
  } else {
    console.error("Usage: copy_data.ts receive|send [--class CLASS] [--text TEXT] [--timeout MS]");
    Deno.exit(2);
  }
}

/**
 * Sends window messages (`WM_USER` and registered messages) to another process. Each message has
 * two numbers, and the answer is a number.
 *
 *     deno run --allow-ffi examples/window_messages.ts answer --class scores
 *     deno run --allow-ffi examples/window_messages.ts ask --class scores --add 5
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  CopyDataListener,
  findWindow,
  postMessage,
  registerWindowMessage,
  sendMessage,
} from "@winipc/winipc";

/** Message numbers from 0x400 (`WM_USER`), whose meaning each program defines for itself. */
const VERSION = 0x400;
const ADD = 0x401;
/** The name of a registered message. Windows chooses the number for a name. */
const END = "winipc-example-end";

/** Answers with a version, and adds to a score, until the message END. */
export async function answer(className: string): Promise<void> {
  let score = 0n;
  await using listener = await CopyDataListener.open({
    class: className,
    answers: {
      // The window's thread answers this message, also while the script is busy.
      [VERSION]: 2,
      [ADD]: (points) => score += points,
      [registerWindowMessage(END)]: (_wParam, _lParam, listener) => {
        // Not awaited, because close() waits until this handler returns.
        listener.close();
        return 0;
      },
    },
  });
  await listener.finished;
  console.log("The score is", score);
}

/** Gets the version, and adds points to the score. */
export async function ask(
  className: string,
  points: number,
  signal: AbortSignal,
): Promise<{ version: bigint; score: bigint }> {
  const window = await findWindow({ class: className, signal });
  const version = await sendMessage(window, VERSION, { signal });
  const score = await sendMessage(window, ADD, { wParam: points, signal });
  return { version, score };
}

/** Posts the message END to a window, without waiting for an answer. */
export async function end(className: string): Promise<void> {
  postMessage(await findWindow({ class: className }), registerWindowMessage(END));
}

if (import.meta.main) {
  const { _: [role], class: className, add, timeout } = parseArgs(Deno.args, {
    string: ["class", "add", "timeout"],
    default: { class: "winipc-example", add: "5", timeout: "30000" },
  });
  if (role === "answer") {
    console.log(`Process ${Deno.pid} answers in a window of class "${className}"`);
    await answer(className);
  } else if (role === "ask") {
    const signal = AbortSignal.timeout(Number(timeout));
    const { version, score } = await ask(className, Number(add), signal);
    console.log(`The version is ${version}, and the score is ${score}`);
    await end(className);
  } else {
    console.error("Usage: window_messages.ts answer|ask [--class CLASS] [--add N] [--timeout MS]");
    Deno.exit(2);
  }
}

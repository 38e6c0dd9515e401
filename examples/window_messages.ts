/**
 * Messages of a program's own, which bring two numbers and get one: one process answers them, the
 * other asks.
 *
 *     deno run --allow-ffi examples/window_messages.ts answer --class scores
 *     deno run --allow-ffi examples/window_messages.ts ask --class scores --add 5
 *
 * (In a local checkout both need `--allow-read` as well, for their threads.)
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

/** The first numbers that mean what a program makes of them (`WM_USER`). */
const VERSION = 0x400;
const ADD = 0x401;
/** Programs that agree on a name need not agree on a number. */
const END = "winipc-example-end";

/** Answers which version this is, and adds to a score, until the end is announced. */
export async function answer(className: string): Promise<void> {
  let score = 0n;
  await using listener = await CopyDataListener.open({
    class: className,
    answers: {
      // The window's thread answers this one, whatever the script does.
      [VERSION]: 2,
      [ADD]: (points) => score += points,
      [registerWindowMessage(END)]: (_wParam, _lParam, listener) => {
        // Not awaited: it waits for this handler.
        listener.close();
        return 0;
      },
    },
  });
  await listener.finished;
  console.log("The score is", score);
}

/** Asks for the version, and adds points to the score. */
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

/** Tells a window that there are no more questions, and waits for no answer. */
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
    console.log(`Version ${version} says that the score is ${score}`);
    await end(className);
  } else {
    console.error("Usage: window_messages.ts answer|ask [--class CLASS] [--add N] [--timeout MS]");
    Deno.exit(2);
  }
}

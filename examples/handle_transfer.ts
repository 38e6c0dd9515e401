/**
 * Shares memory without a name with a running process. One process sends a handle of the memory to
 * a window. The process with the window sorts the numbers in the memory.
 *
 *     deno run --allow-ffi examples/handle_transfer.ts receive --class sorter
 *     deno run --allow-ffi examples/handle_transfer.ts send --class sorter 5 3 8
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  CopyDataListener,
  findWindow,
  receiveHandle,
  sendHandle,
  SharedMemory,
} from "@winipc/winipc";

/** Receives one memory, sorts the numbers in it, and answers with their count. */
export async function receive(className: string): Promise<void> {
  await using listener = await CopyDataListener.open({
    class: className,
    onMessage: (message) => {
      const received = receiveHandle(message);
      using memory = received.memory;
      using view = memory.map();
      const count = Math.min(Number(received.tag), Math.floor(view.byteLength / 8));
      new Float64Array(view.buffer, 0, count).sort();
      console.log(`Sorted ${count} numbers of process ${message.sender.pid}`);
      // Not awaited, because close() waits until this handler returns.
      listener.close();
      return count;
    },
  });
  await listener.finished;
}

/** Shares numbers with the process of a window, and returns them as that process sorted them. */
export async function send(
  className: string,
  numbers: number[],
  signal: AbortSignal,
): Promise<number[]> {
  const window = await findWindow({ class: className, signal });
  using memory = SharedMemory.anonymous(Math.max(numbers.length, 1) * 8);
  using view = memory.map();
  const shared = new Float64Array(view.buffer, 0, numbers.length);
  shared.set(numbers);
  await sendHandle(window, memory, { tag: numbers.length, signal });
  return [...shared];
}

if (import.meta.main) {
  const { _: [role, ...numbers], class: className, timeout } = parseArgs(Deno.args, {
    string: ["class", "timeout"],
    default: { class: "winipc-sorter", timeout: "30000" },
  });
  if (role === "receive") {
    console.log(`Process ${Deno.pid} waits in a window of class "${className}"`);
    await receive(className);
  } else if (role === "send") {
    const signal = AbortSignal.timeout(Number(timeout));
    console.log("Sorted:", ...await send(className, numbers.map(Number), signal));
  } else {
    console.error(
      "Usage: handle_transfer.ts receive|send [--class CLASS] [--timeout MS] [NUMBER…]",
    );
    Deno.exit(2);
  }
}

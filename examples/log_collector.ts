/**
 * Collects the lines of several processes, and loses none if the collector crashes. A line stays in
 * the channel until the collector has printed and released it. The next collector gets all other
 * lines, also those that were printed and not released. A line keeps its number, so a reader of the
 * output can tell repeats.
 *
 *     deno run --allow-ffi examples/log_collector.ts log --name lines
 *     deno run --allow-ffi examples/log_collector.ts collect --name lines --crash 100
 *     deno run --allow-ffi examples/log_collector.ts collect --name lines
 *
 * `log` sends lines until its standard input ends. The first collector crashes at line 100.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { RingChannel } from "@winipc/winipc";

const SETTINGS = { producers: "multiple", endsWithLastSender: false } as const;

/** Sends lines, and tries again while there is no collector. */
export async function log(name: string, signal: AbortSignal): Promise<void> {
  using channel = RingChannel.openOrCreate(name, SETTINGS);
  using sender = channel.sender();
  const encoder = new TextEncoder();
  for (let line = 0; !signal.aborted; line++) {
    const bytes = encoder.encode(`line ${line} of process ${Deno.pid}`);
    while (!await send(bytes) && !signal.aborted) await pause(50);
    await pause(1);
  }

  async function send(bytes: Uint8Array): Promise<boolean> {
    try {
      return await sender.send(bytes, { timeout: 1000 });
    } catch (error) {
      // A collector that has crashed, or hangs.
      const { BrokenPipe, TimedOut } = Deno.errors;
      if (error instanceof BrokenPipe || error instanceof TimedOut) return false;
      throw error;
    }
  }
}

/** Prints lines after their numbers, until `signal` aborts. Crashes at the line `crash`. */
export async function collect(name: string, crash: number, signal: AbortSignal): Promise<void> {
  using channel = RingChannel.openOrCreate(name, SETTINGS);
  using receiver = channel.receiver();
  const decoder = new TextDecoder();
  for (let peeked; (peeked = await receiver.peek({ signal })) !== undefined;) {
    console.log(peeked.number, decoder.decode(peeked.message));
    if (peeked.number === crash) Deno.exit(9);
    receiver.release(1);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

if (import.meta.main) {
  const { _: [role], name, crash, timeout } = parseArgs(Deno.args, {
    string: ["name", "crash", "timeout"],
    default: { name: "winipc-lines", crash: "-1", timeout: "30000" },
  });
  if (role === "log") {
    const ended = new AbortController();
    const sent = log(name, ended.signal);
    for await (const _ of Deno.stdin.readable);
    ended.abort();
    await sent;
  } else if (role === "collect") {
    await collect(name, Number(crash), AbortSignal.timeout(Number(timeout)));
  } else {
    console.error(
      "Usage: log_collector.ts log [--name NAME]\n" +
        "       log_collector.ts collect [--name NAME] [--crash N] [--timeout MS]",
    );
    Deno.exit(2);
  }
}

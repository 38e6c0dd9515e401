/**
 * Sends messages through a channel. One process sends the lines of a text, and another process
 * sends each line back.
 *
 *     deno run --allow-ffi --allow-read examples/ring_channel.ts send --name text --file README.md
 *     deno run --allow-ffi examples/ring_channel.ts echo --name text
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { RingChannel } from "@winipc/winipc";

/** The result of sending a text. */
export interface Echo {
  /** The number of lines that came back. */
  lines: number;
  /** The number of lines that came back changed. */
  wrong: number;
  /** The time since the first message, in milliseconds. */
  milliseconds: number;
}

/**
 * Creates one channel in each direction, sends lines, and compares them with the lines that
 * return.
 */
export async function sendLines(
  name: string,
  lines: readonly string[],
  signal: AbortSignal,
): Promise<Echo> {
  using there = RingChannel.create(name);
  using back = RingChannel.create(`${name} back`);
  const [sender, receiver] = [there.sender(), back.receiver()];
  // The other process sends an empty message when it is ready.
  await receiver.receive({ signal });
  const started = performance.now();
  const sending = sendAll();
  const echo: Echo = { lines: 0, wrong: 0, milliseconds: 0 };
  const decoder = new TextDecoder();
  for await (const message of receiver) {
    if (decoder.decode(message) !== lines[echo.lines]) echo.wrong++;
    echo.lines++;
  }
  await sending;
  echo.milliseconds = performance.now() - started;
  return echo;

  async function sendAll(): Promise<void> {
    const encoder = new TextEncoder();
    for (const line of lines) await sender.send(encoder.encode(line), { signal });
    sender.close();
  }
}

/** Sends each message back until the sender is closed. Returns the number of messages. */
export async function echoLines(name: string, signal: AbortSignal): Promise<number> {
  using there = await RingChannel.waitFor(name, { signal });
  using back = await RingChannel.waitFor(`${name} back`, { signal });
  using sender = back.sender();
  const receiver = there.receiver();
  await sender.send(new Uint8Array(0));
  let count = 0;
  for await (const message of receiver) {
    await sender.send(message, { signal });
    count++;
  }
  return count;
}

if (import.meta.main) {
  const { _: [role], name, file, times, timeout } = parseArgs(Deno.args, {
    string: ["name", "file", "times", "timeout"],
    default: { name: "winipc-text", file: "README.md", times: "1", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "send") {
    const text = (await Deno.readTextFile(file)).repeat(Number(times));
    const { lines, wrong, milliseconds } = await sendLines(name, text.split("\n"), signal);
    const rate = Math.round(2 * lines / milliseconds);
    console.log(
      `${lines} lines came back, ${wrong} were wrong, ${rate} thousand messages per second`,
    );
  } else if (role === "echo") {
    console.log(`Sent ${await echoLines(name, signal)} lines back`);
  } else {
    console.error(
      "Usage: ring_channel.ts send|echo [--name NAME] [--file FILE] [--times N] [--timeout MS]",
    );
    Deno.exit(2);
  }
}

/**
 * Sends structs from one process to another. Both ends give the same layout, so TypeScript knows
 * the type of each message, and a process with another layout is refused. The receiver looks at
 * each struct in place: nothing is copied.
 *
 *     deno run --allow-ffi examples/typed_messages.ts summarize --name samples
 *     deno run --allow-ffi examples/typed_messages.ts measure --name samples --count 100000
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { RingChannel, struct } from "@winipc/winipc";

/** The layout of all messages. */
const Sample = struct({ milliseconds: "f64", sensor: "u32", celsius: "f32" });

/** Sends samples of three sensors. */
export async function measure(name: string, count: number, signal: AbortSignal): Promise<void> {
  using channel = await RingChannel.waitFor(name, { message: Sample, signal });
  using sender = channel.sender();
  for (let number = 0; number < count; number++) {
    const celsius = 20 + number % 10;
    await sender.write({ milliseconds: number, sensor: number % 3, celsius }, { signal });
  }
}

/** Receives samples until the sender is closed, and returns a line for each sensor. */
export async function summarize(name: string, signal: AbortSignal): Promise<string[]> {
  using channel = RingChannel.create(name, { message: Sample });
  using receiver = channel.receiver();
  const counts = [0, 0, 0];
  const highest = [-Infinity, -Infinity, -Infinity];
  while (await receiver.waitForMessage({ signal })) {
    receiver.readViews(({ sensor, celsius }) => {
      counts[sensor]! += 1;
      if (celsius > highest[sensor]!) highest[sensor] = celsius;
    });
  }
  return counts.map((count, sensor) =>
    `Sensor ${sensor}: ${count} samples, at most ${highest[sensor]} °C`
  );
}

if (import.meta.main) {
  const { _: [role], name, count, timeout } = parseArgs(Deno.args, {
    string: ["name", "count", "timeout"],
    default: { name: "winipc-samples", count: "100000", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "measure") {
    await measure(name, Number(count), signal);
  } else if (role === "summarize") {
    console.log((await summarize(name, signal)).join("\n"));
  } else {
    console.error(
      "Usage: typed_messages.ts summarize [--name NAME] [--timeout MS]\n" +
        "       typed_messages.ts measure [--name NAME] [--count N] [--timeout MS]",
    );
    Deno.exit(2);
  }
}

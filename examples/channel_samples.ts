/**
 * Sends telemetry through a channel without copying or allocating. Each message is four numbers,
 * which the sender writes into the ring and the receiver reads there.
 *
 *     deno run --allow-ffi examples/channel_samples.ts summarize --name car
 *     deno run --allow-ffi examples/channel_samples.ts record --name car --count 1000000
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { RingChannel } from "@winipc/winipc";

const NUMBERS = 4;
const BYTES = NUMBERS * Float64Array.BYTES_PER_ELEMENT;

/** The summary of a recording. */
export interface Summary {
  /** The number of samples. */
  samples: number;
  /** The highest speed. */
  fastest: number;
  /** The number of samples per second. */
  rate: number;
}

/** Sends samples as fast as possible. */
export async function record(name: string, count: number, signal: AbortSignal): Promise<void> {
  using channel = await RingChannel.waitFor(name, { signal });
  using sender = channel.sender();
  const { ring } = sender;
  // Messages begin at multiples of 8 bytes, so a Float64Array over the ring can write the numbers.
  const numbers = new Float64Array(ring.buffer, ring.byteOffset, ring.length / 8);
  for (let sample = 0; sample < count; sample++) {
    let offset = sender.claimAt(BYTES);
    while (offset < 0) {
      await sender.waitForRoom(BYTES, { signal });
      offset = sender.claimAt(BYTES);
    }
    const at = offset / 8;
    numbers[at] = sample / 1000;
    numbers[at + 1] = 50 + 30 * Math.sin(sample / 1000);
    numbers[at + 2] = 0;
    numbers[at + 3] = 1;
    sender.commit();
  }
}

/** Creates the channel, and reads the samples in the ring until the sender is closed. */
export async function summarize(name: string, signal: AbortSignal): Promise<Summary> {
  using channel = RingChannel.create(name);
  using receiver = channel.receiver();
  const { ring } = receiver;
  const numbers = new Float64Array(ring.buffer, ring.byteOffset, ring.length / 8);
  const summary: Summary = { samples: 0, fastest: 0, rate: 0 };
  let started = 0;
  const read = (_ring: Uint8Array<ArrayBuffer>, offset: number) => {
    summary.samples++;
    summary.fastest = Math.max(summary.fastest, numbers[offset / 8 + 1]!);
  };
  while (await receiver.waitForMessage({ signal })) {
    started ||= performance.now();
    receiver.readAt(read);
  }
  summary.rate = summary.samples / (performance.now() - started) * 1000;
  return summary;
}

if (import.meta.main) {
  const { _: [role], name, count, timeout } = parseArgs(Deno.args, {
    string: ["name", "count", "timeout"],
    default: { name: "winipc-samples", count: "1000000", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "record") {
    await record(name, Number(count), signal);
  } else if (role === "summarize") {
    const { samples, fastest, rate } = await summarize(name, signal);
    const millions = (rate / 1e6).toFixed(1);
    console.log(
      `${samples} samples, ${millions} million per second, the highest speed: ${fastest}`,
    );
  } else {
    console.error(
      "Usage: channel_samples.ts record|summarize [--name NAME] [--count N] [--timeout MS]",
    );
    Deno.exit(2);
  }
}

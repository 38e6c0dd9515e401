/**
 * Sends from several processes to one. Workers search for primes and send them as JavaScript
 * values. One process receives the values of all workers.
 *
 *     deno run --allow-ffi examples/channel_producers.ts collect --workers 2
 *     deno run --allow-ffi examples/channel_producers.ts work --to 50000
 *     deno run --allow-ffi examples/channel_producers.ts work --from 50000 --to 100000
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { RingChannel } from "@winipc/winipc";

/** A message of a worker. */
interface Finding {
  primes: Uint32Array;
  /** Whether this is the worker's last message. */
  last: boolean;
}

/** Sends the primes in a range of numbers, with one message for each thousand numbers. */
export async function work(
  name: string,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<void> {
  using channel = await RingChannel.waitFor(name, { signal });
  using sender = channel.sender();
  for (let start = from; start < to; start += 1000) {
    const end = Math.min(start + 1000, to);
    const numbers = Array.from({ length: end - start }, (_, index) => start + index);
    const finding: Finding = {
      primes: Uint32Array.from(numbers.filter(isPrime)),
      last: end === to,
    };
    await sender.sendValue(finding, { signal });
  }
}

/** Receives primes until all workers are done. Returns the number of primes. */
export async function collect(name: string, workers: number, signal: AbortSignal): Promise<number> {
  // The first worker can finish before the next one opens the channel. The channel must not end
  // then.
  using channel = RingChannel.create(name, { producers: "multiple", endsWithLastSender: false });
  using receiver = channel.receiver();
  let [primes, done] = [0, 0];
  for await (const finding of receiver.values({ signal })) {
    if (!isFinding(finding)) throw new Deno.errors.InvalidData("Expected a list of primes");
    primes += finding.primes.length;
    if (finding.last && ++done === workers) break;
  }
  return primes;
}

function isFinding(value: unknown): value is Finding {
  return typeof value === "object" && value !== null && "primes" in value &&
    value.primes instanceof Uint32Array && "last" in value && typeof value.last === "boolean";
}

function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return true;
}

if (import.meta.main) {
  const { _: [role], name, workers, from, to, timeout } = parseArgs(Deno.args, {
    string: ["name", "workers", "from", "to", "timeout"],
    default: { name: "winipc-primes", workers: "1", from: "0", to: "100000", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "collect") {
    const primes = await collect(name, Number(workers), signal);
    console.log(`Received ${primes} primes from ${workers} workers`);
  } else if (role === "work") {
    await work(name, Number(from), Number(to), signal);
  } else {
    console.error(
      "Usage: channel_producers.ts collect [--name NAME] [--workers N] [--timeout MS]\n" +
        "       channel_producers.ts work [--name NAME] [--from N] [--to N] [--timeout MS]",
    );
    Deno.exit(2);
  }
}

/**
 * Several senders of one channel: workers send what they have found as values, and one process
 * collects it.
 *
 *     deno run --allow-ffi --allow-read examples/channel_producers.ts collect --name primes --workers 2
 *     deno run --allow-ffi --allow-read examples/channel_producers.ts work --name primes --from 0 --to 50000
 *     deno run --allow-ffi --allow-read examples/channel_producers.ts work --name primes --from 50000 --to 100000
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { RingChannel } from "@winipc/winipc";

/** What a worker sends; the last of its findings says so. */
interface Finding {
  primes: Uint32Array;
  last: boolean;
}

/** Looks for primes and sends them a thousand numbers at a time. */
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

/** Collects what workers send until so many of them are done. */
export async function collect(name: string, workers: number, signal: AbortSignal): Promise<number> {
  // The first worker may be done before the next one comes: that is not the end.
  using channel = RingChannel.create(name, { producers: "multiple", endsWithLastSender: false });
  using receiver = channel.receiver();
  let primes = 0;
  for (let done = 0; done < workers;) {
    const message = await receiver.receiveValue({ signal });
    if (!isFinding(message?.value)) {
      throw new Deno.errors.InvalidData("Somebody sent something else");
    }
    primes += message.value.primes.length;
    if (message.value.last) done++;
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
    console.log(`${await collect(name, Number(workers), signal)} primes of ${workers} workers`);
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

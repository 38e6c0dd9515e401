// Alone: measures the time of messages between two processes on one processor.

import { assert } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";

const ROUND_TRIPS = 300;
const BATCHES = 15;
/** Maximum ratio of the times. It would be more than 5 if ends on one processor always spun. */
const MAX_RATIO = 1.6;

/** Starts two processes on one processor that send messages to each other. Returns the near one. */
async function startPair(
  way: "spins" | "sleeps",
  stack: AsyncDisposableStack,
): Promise<Peer> {
  const name = randomName();
  stack.use(RingChannel.create(name));
  stack.use(RingChannel.create(`${name}b`));
  stack.use(await Peer.start("channel/ring/peers/one_processor.ts", "far", name, way));
  return stack.use(await Peer.start("channel/ring/peers/one_processor.ts", "near", name, way));
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1]!;
}

Deno.test({
  name: "Two processes on one processor that can spin are about as fast as two that always sleep",
  // On a machine with one processor, no end spins.
  ignore: navigator.hardwareConcurrency === 1,
  fn: async () => {
    await using stack = new AsyncDisposableStack();
    const spinning = await startPair("spins", stack);
    const sleeping = await startPair("sleeps", stack);
    const [spun, slept]: [number[], number[]] = [[], []];
    for (let batch = 0; batch < BATCHES; batch++) {
      spun.push(Number(await spinning.ask(`${ROUND_TRIPS}`)));
      slept.push(Number(await sleeping.ask(`${ROUND_TRIPS}`)));
    }
    const ratio = median(spun) / median(slept);
    assert(ratio < MAX_RATIO, `${median(spun)} µs instead of ${median(slept)} µs`);
  },
});

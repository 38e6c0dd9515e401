/**
 * Compares a bridge with the bare client of NATS: the rate from ring to ring through a server,
 * delivery to a stream, requests, and the growth to 64 routes.
 *
 *     deno task report:bridge [NAME...]
 *
 * With names, it runs only the groups whose names contain one of them.
 *
 * The two ends are two processes, each on a processor of its own, with one connection each. The
 * server is a third process, which the tests' NatsServer starts. The rounds are interleaved, in
 * alternating order, and medians are compared. The exit code is 1 if a limit is missed.
 *
 * @module
 */

import { NatsServer } from "../tests/support/nats_server.ts";
import { Peer } from "../tests/support/peer.ts";
import { EndPair } from "./end_pair.ts";
import { beginReport } from "./report_arguments.ts";
import { checkLimit, type MeasuredCase, quantile, reportGroup } from "./report_group.ts";

const [NEAR, FAR] = [1, 2];
const SCRIPT = new URL("peers/bridge_end.ts", import.meta.url).href;
/**
 * Minimum rate of a bridge, as a part of the rate of the client with one header. A bridge must send a
 * header to count losses. For 64 bytes, the header alone halves the client's rate.
 */
const MIN_RATE = 0.7;

interface Case {
  readonly way: string;
  /** Minimum rate, as a part of the rate of another case of the group. */
  readonly minRate?: { readonly [Name in string]: number };
}

interface Group {
  readonly name: string;
  readonly byteLength: number;
  readonly count: number;
  readonly cases: Readonly<Record<string, Case>>;
}

const PUBLISH = {
  "publish and subscribe": { way: "bare" },
  "… with a header": { way: "bare-header" },
  "ring, bridge, server, bridge, ring": { way: "bridge", minRate: { "… with a header": MIN_RATE } },
} as const;
const STORE = {
  "publish to a stream, 256 in flight": { way: "bare-acked" },
  "ring, bridge, stream": { way: "stream" },
} as const;
const ASK = {
  "request and answer": { way: "bare-request" },
  "Client.call() over natsLink": { way: "call" },
} as const;

const GROUPS: readonly Group[] = [
  { name: "A message of 64 bytes", byteLength: 64, count: 20_000, cases: PUBLISH },
  { name: "A message of 4 KiB", byteLength: 4096, count: 1000, cases: PUBLISH },
  { name: "An acknowledged message of 64 bytes", byteLength: 64, count: 2000, cases: STORE },
  { name: "A call with 64 bytes, there and back", byteLength: 64, count: 200, cases: ASK },
];

/** The numbers of routes whose costs are measured. */
const ROUTES = [1, 4, 16, 64];
const GROWTH = { name: "Growth to 64 routes", byteLength: 64, count: 20_000 };
const GROWTH_ROUNDS = 7;

/** Two processes with a connection to the same server. */
class BridgePair extends EndPair {
  static async start(address: string): Promise<BridgePair> {
    await using stack = new AsyncDisposableStack();
    const name = `bench-${crypto.randomUUID()}`;
    const flags = ["run", "--no-prompt", "--allow-ffi", "--allow-read", "--allow-net=127.0.0.1"];
    const start = async (side: "near" | "far", processors: number) =>
      stack.use(
        await Peer.startProgram(
          Deno.execPath(),
          ...flags,
          SCRIPT,
          address,
          name,
          side,
          `${processors}`,
        ),
      );
    const far = await start("far", FAR);
    const near = await start("near", NEAR);
    return new BridgePair(near, far, stack.move());
  }
}

/** Measures the rate and the memory of many routes between the same two processes. */
async function reportGrowth(pair: BridgePair): Promise<void> {
  const { name, byteLength, count } = GROWTH;
  const samples = new Map(ROUTES.map((routes) => [routes, [] as (readonly number[])[]]));
  for (let round = 0; round <= GROWTH_ROUNDS; round++) {
    for (const routes of round % 2 === 0 ? ROUTES : ROUTES.toReversed()) {
      const sample = await pair.run(`growth-${routes}`, byteLength, count);
      // The first round only warms up.
      if (round > 0) samples.get(routes)!.push(sample);
    }
  }
  console.log(`\n${name}`);
  console.log("  routes   messages/s   of each route   memory of the sending process");
  const times = new Map<number, number>();
  for (const [routes, found] of samples) {
    const median = (at: number) => quantile(found.map((sample) => sample[at]!), 0.5);
    times.set(routes, median(0));
    const rate = 1e9 / median(0);
    const columns = [routes, Math.round(rate), Math.round(rate / routes)]
      .map((value, at) => value.toLocaleString("en").padStart([8, 13, 16][at]!));
    console.log(`${columns.join("")}   ${(median(1) / 2 ** 20).toFixed(0)} MiB`);
  }
  const kept = times.get(ROUTES[0]!)! / times.get(ROUTES.at(-1)!)!;
  checkLimit(`${kept.toFixed(2)} of the rate of 1 route`, kept >= 0.5, { bound: "at least 0.50" });
}

const { groups } = await beginReport([...GROUPS, { ...GROWTH, cases: undefined }]);
await using server = await NatsServer.start({ jetstream: true });
await using pair = await BridgePair.start(server.address);
for (const { name, byteLength, count, cases } of groups) {
  if (cases === undefined) {
    await reportGrowth(pair);
    continue;
  }
  const all: Record<string, MeasuredCase> = {};
  for (const [name, { way, minRate }] of Object.entries<Case>(cases)) {
    all[name] = {
      measure: () => pair.run(way, byteLength, count),
      atMost: minRate &&
        Object.fromEntries(Object.entries(minRate).map(([name, rate]) => [name, 1 / rate])),
    };
  }
  await reportGroup({ name, cases: all });
}

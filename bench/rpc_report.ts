/**
 * Compares requests over rings with the bare rings, and with the npm package capnweb over the same
 * kind of rings.
 *
 *     deno task report:rpc [--beside FOLDER] [NAME...]
 *
 * With `--beside` it also runs the library of another checkout. With names, it runs only the groups
 * whose names contain one of them.
 *
 * The two ends are two processes, each on a processor of its own. The rounds are interleaved, in
 * alternating order, and medians are compared. The exit code is 1 if a limit is missed.
 *
 * @module
 */

import { Peer } from "../tests/support/peer.ts";
import { EndPair } from "./end_pair.ts";
import { beginReport, BESIDE } from "./report_arguments.ts";
import { type MeasuredCase, reportGroup } from "./report_group.ts";

const ROOT = new URL("../", import.meta.url);
const [NEAR, FAR] = [1, 2];
const BARE = "sendValue() and receiveValue()";

/** A way of the ends, and its limits compared to other cases of its group. */
interface Case {
  readonly way: string;
  readonly atMost?: Readonly<Record<string, number>>;
}

interface Group {
  readonly name: string;
  /** The number of characters of the text in a value. */
  readonly byteLength: number;
  readonly count: number;
  readonly cases: Readonly<Record<string, Case>>;
}

const ONE_BY_ONE = {
  [BARE]: { way: "bare" },
  "Client.call()": { way: "call", atMost: { [BARE]: 1.5 } },
  "capnweb": { way: "capnweb" },
};

const GROUPS: readonly Group[] = [
  { name: "A value of 64 bytes, there and back", byteLength: 64, count: 300, cases: ONE_BY_ONE },
  { name: "A value of 4 KiB, there and back", byteLength: 4096, count: 300, cases: ONE_BY_ONE },
  {
    name: "Calls with 64 bytes, 100 under way: the time of each",
    byteLength: 64,
    count: 5000,
    cases: { "Client.call()": { way: "calls" }, "capnweb": { way: "capnweb-calls" } },
  },
  {
    name: "Items of 64 bytes: the time of each",
    byteLength: 64,
    count: 5000,
    cases: {
      [BARE]: { way: "bare-items" },
      "Client.stream()": { way: "items" },
      "capnweb": { way: "capnweb-items" },
    },
  },
];

/** A caller and a server, in two processes. */
class RpcPair extends EndPair {
  static async start(checkout: URL): Promise<RpcPair> {
    await using stack = new AsyncDisposableStack();
    const name = `winipc-bench-${crypto.randomUUID()}`;
    const flags = ["run", "--no-prompt", "--allow-ffi", "--allow-read", "--allow-env"];
    const script = new URL("bench/peers/rpc_end.ts", checkout).href;
    const start = async (side: "near" | "far", processors: number) =>
      stack.use(
        await Peer.startProgram(Deno.execPath(), ...flags, script, name, side, `${processors}`),
      );
    const far = await start("far", FAR);
    const near = await start("near", NEAR);
    return new RpcPair(near, far, stack.move());
  }
}

const { beside, groups } = await beginReport(GROUPS);
await using own = await RpcPair.start(ROOT);
await using other = beside && await RpcPair.start(beside);
for (const { name, byteLength, count, cases } of groups) {
  const all: Record<string, MeasuredCase> = {};
  for (const [name, { way, atMost }] of Object.entries<Case>(cases)) {
    all[name] = { measure: () => own.run(way, byteLength, count), atMost };
    if (other !== undefined && name.startsWith("Client.")) {
      all[`${name}${BESIDE}`] = { measure: () => other.run(way, byteLength, count) };
    }
  }
  await reportGroup({ name, cases: all });
}

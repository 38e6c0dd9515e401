// Task: test:peers
//
// Requests between processes over rings: floods, and processes that are killed.

import { assertEquals } from "@std/assert";
import { listenRing } from "../../src/channel/mod.ts";
import { ringLink } from "../../src/rpc/mod.ts";
import { Peer } from "../support/peer.ts";
import { Random } from "../support/random.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { floodBothWays } from "./support/flood.ts";
import { killClients, killServers } from "./support/kill_rounds.ts";

const SEED = 25;
const ROUNDS = 2;

Deno.test("Calls and streams in both directions over rings of 4 KiB never deadlock", async () => {
  const [calls, items] = [500, 800];
  const name = randomName();
  using listener = listenRing(name, { capacity: 4096 });
  const accepted = listener.accept(soon);
  await using peer = await Peer.start("rpc/peers/both_sides.ts", name, `${calls}`, `${items}`);
  const link = ringLink(await accepted);
  const expected = `${calls} answers, ${items} and ${items} items`;
  assertEquals(await within("all answers come", floodBothWays(link, { calls, items })), expected);
  assertEquals(await peer.nextLine(), expected);
});

Deno.test("A service that is killed rejects all calls and ends all streams of its client", async () => {
  await killServers(ROUNDS, new Random(SEED));
});

Deno.test("A client that is killed has all its handlers aborted, and others go on", async () => {
  await killClients(ROUNDS, new Random(SEED));
});

// Task: test:peers

import { assert, assertEquals, assertThrows } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { type DeclaredLayout, declareRingChannel } from "../../../src/channel/ring/c/mod.ts";
import { RING_DIFFERENCES, type RingDifference } from "../../../src/channel/ring/c/functions.ts";
import { RECEIVER } from "../../../src/channel/ring/layout.ts";
import { MAX_ATTEMPTS } from "../../../src/channel/peer/place.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { struct } from "../../../src/struct/mod.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { peers } from "../../support/peers.ts";
import { OwningWorker } from "../../workers/owning_worker.ts";
import { randomName } from "../../support/random_name.ts";
import { assertAlike } from "./script.ts";
import { Players } from "./script_sides.ts";
import { SCRIPTS } from "./script_table.ts";

peers.test(
  "declareRingChannel(): C and TypeScript ends do the same in each step, except for the named differences",
  async (bits, test) => {
    await using program = await compileRingPeer("channel/ring/peers/script_ends.c", { bits });
    await using players = await Players.start(program.path);
    for (const script of SCRIPTS) {
      await test.step(script.name, async () => await assertAlike(script, players));
    }
    await test.step("a place that another thread takes (owner)", async () => {
      assertEquals(await ownerTakenBy((name) => OwningWorker.start("receiver", name)), "thread");
      const takeInC = async (name: string) => {
        assertEquals(await players.peer.ask(`open_in_thread receiver ${name}`), "0");
        return { [Symbol.dispose]: () => {} };
      };
      assertEquals(await ownerTakenBy(takeInC), players.peer.pid);
      // The thread has ended, but its end is still open.
      assertEquals(await players.peer.ask("close receiver"), "0");
    });
  },
);

Deno.test("declareRingChannel(): the header names each intended difference, and a script shows it", () => {
  const header = declareRingChannel();
  const shown = new Set<RingDifference>(["owner"]);
  for (const step of SCRIPTS.flatMap(({ steps }) => steps)) {
    if (typeof step !== "string") shown.add(step.why);
  }
  assertEquals([...shown].sort(), Object.keys(RING_DIFFERENCES).sort());
  for (const line of Object.values(RING_DIFFERENCES).flat()) assert(header.includes(line), line);
  assert(header.includes(`#define WINIPC_RING_MAX_PLACE_ATTEMPTS ${MAX_ATTEMPTS}u\n`));
});

Deno.test("declareRingChannel() refuses names of messages that the header uses already", () => {
  const Inner = struct({ x: "u8" });
  const Outer = struct({ inner: Inner });
  const refuse = (messages: Record<string, DeclaredLayout>, taken: string) =>
    assertThrows(() => declareRingChannel({ messages }), TypeError, `has another ${taken};`);
  for (const name of ["next", "header", "place", "description", "offer", "open_typed"]) {
    refuse({ [name]: Inner }, `winipc_ring_${name}`);
  }
  refuse({ winipc_ring: Inner }, "winipc_ring");
  refuse({ outer: Outer, outer_inner: Inner }, "outer_inner");
  refuse({ outer_inner: Inner, outer: Outer }, "outer_inner");
  // The comments of the header name a struct "trade".
  declareRingChannel({ messages: { inner: Inner, outer: Outer, header_of: Inner, trade: Inner } });
});

/** Returns the process id in a place's owner, or "thread" if the owner is a thread. */
async function ownerTakenBy(
  take: (name: string) => Promise<Disposable>,
): Promise<number | "thread"> {
  const name = randomName();
  using _channel = RingChannel.create(name, { capacity: 1024 });
  using memory = SharedMemory.open(name);
  using view = memory.map();
  using _end = await take(name);
  const [id = 0] = new Uint32Array(view.buffer, 8 * RECEIVER.owner, 1);
  // An id of Windows is a multiple of 4. The lowest bit marks a thread.
  return id % 4 === 0 ? id : "thread";
}

// Task: test:bridge

import { assert, assertEquals } from "@std/assert";
import { bridge } from "../../src/bridge/mod.ts";
import { Random } from "../support/random.ts";
import { within } from "../support/within.ts";
import { LossyStream } from "./lossy_stream.ts";
import { standIn } from "./stand_in.ts";

const COUNT = 200;
const SEEDS = Array.from({ length: 24 }, (_, index) => index + 1);

Deno.test("A stream gets each message once and in order, whatever a network loses and delays", async () => {
  const all = Array.from({ length: COUNT }, (_, index) => index);
  let refused = 0;
  await Promise.all(SEEDS.map(async (seed) => {
    const inFlight = 1 << seed % 6;
    const stream = new LossyStream(new Random(seed));
    const nats = { ...standIn(), jetstream: stream.client("lines") };
    const from = ReadableStream.from(all.map((number) => Uint8Array.of(number)));
    await using running = bridge(nats, [
      { from, subject: "lines", delivery: { stream: "S", inFlight } },
    ]);
    await within(`the route of seed ${seed} ends`, running.closed, 30_000);
    await Promise.all(stream.late);
    assertEquals(stream.stored, all, `seed ${seed}`);
    const { taken, delivered, pending, lost, retries, duplicates } = running.stats[0]!;
    assertEquals([taken, delivered, pending, lost], [COUNT, COUNT, 0, 0]);
    assert(retries > 0 && duplicates > 0, `seed ${seed}: ${retries} ${duplicates}`);
    refused += stream.refused;
  }));
  assert(refused > SEEDS.length, `the streams have refused ${refused} messages`);
});

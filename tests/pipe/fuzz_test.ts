// Task: test:faults

import { assertGreater } from "@std/assert";
import { peerUrl } from "../support/peer_url.ts";
import { within } from "../support/within.ts";
import { fuzz } from "./fuzz/run.ts";

const STEPS = 2000;

for (const isFar of [false, true]) {
  const where = isFar ? "another process" : "one process";
  for (const seed of [21, 22]) {
    Deno.test(`Connections in ${where} lose nothing in ${STEPS} random steps: seed ${seed}`, async () => {
      assertGreater(await fuzz({ seed, steps: STEPS, isFar }), 10);
    });
  }
}

Deno.test(`Connections in a Worker lose nothing in ${STEPS} random steps: seed 23`, async () => {
  const url = peerUrl("pipe/fuzz/peers/worker.ts");
  const worker = new Worker(url, { type: "module", name: JSON.stringify([23, STEPS]) });
  const said = Promise.withResolvers<string>();
  worker.onmessage = ({ data }) => said.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    said.reject(new Error(event.message));
  };
  try {
    assertGreater(Number(await within("the Worker ends", said.promise, 120_000)), 10);
  } finally {
    worker.terminate();
  }
});

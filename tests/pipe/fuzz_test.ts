import { assertGreater } from "@std/assert";
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

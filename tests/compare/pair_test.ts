// Task: test:compare Its pairs spin on all processors.

import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { streamOf, tripsOf } from "../../bench/compare/run/answers.ts";
import { Pair } from "../../bench/compare/run/pair.ts";
import { denoCommand } from "./support/deno_command.ts";

const LENGTH = 64;

function start(script: string, signal?: AbortSignal): Promise<Pair> {
  return Pair.start({
    way: "pipe-bytes",
    command: denoCommand(script),
    ...(signal === undefined ? {} : { signal }),
  });
}

Deno.test("Pair.ask() returns the answer to each task", async () => {
  await using pair = await start("honest_end.ts");
  assertGreater(pair.setUp, 0);
  assertEquals(await pair.ask({ name: "validate", length: LENGTH, milliseconds: 0 }), {
    frames: 512,
  });
  const trips = tripsOf(await pair.ask({ name: "trips", length: LENGTH, milliseconds: 5 }));
  assertGreater(trips.reduce((total, [, count]) => total + count, 0), 19);
  const stream = streamOf(await pair.ask({ name: "stream", length: LENGTH, milliseconds: 5 }));
  assertGreater(stream.frames, 1);
  await pair.finish();
});

Deno.test("Pair.ask() names the frame that the far end damaged", async () => {
  await using pair = await start("damaging_end.ts");
  await assertRejects(
    () => pair.ask({ name: "validate", length: LENGTH, milliseconds: 0 }),
    Error,
    "frame 3",
  );
});

Deno.test("Pair.ask() fails at once if the far end is killed", async () => {
  await using pair = await start("dying_end.ts");
  await pair.ask({ name: "validate", length: LENGTH, milliseconds: 0 });
  await assertRejects(
    () => pair.ask({ name: "trips", length: LENGTH, milliseconds: 30_000 }),
    Error,
    "end ended with exit code",
  );
});

Deno.test("Pair.start() fails if there is no such script", async () => {
  await assertRejects(() => start("no_such_end.ts"), Error, "the far end ended with exit code 1");
});

Deno.test("Pair.start() takes a signal that ends both processes", async () => {
  const abort = new AbortController();
  await using pair = await start("honest_end.ts", abort.signal);
  const answer = pair.ask({ name: "trips", length: LENGTH, milliseconds: 30_000 });
  abort.abort();
  await assertRejects(() => answer, Error, "end ended with exit code");
});

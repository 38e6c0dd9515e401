// Task: test:compare Its pairs spin on all processors.

import { assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { SharedEvent } from "../../mod.ts";
import { streamOf, tripsOf } from "../../bench/compare/run/answers.ts";
import { Pair, type PairOptions } from "../../bench/compare/run/pair.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { denoCommand } from "./support/deno_command.ts";

const LENGTH = 64;

/** Maximum time of "at once", in milliseconds. An end without an answer has more than 60 s. */
const AT_ONCE = 10_000;

function start(script: string, options: Partial<PairOptions> = {}): Promise<Pair> {
  return Pair.start({ way: "pipe-bytes", command: denoCommand(script), ...options });
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
  await using pair = await start("damaged_end.ts");
  await assertRejects(
    () => pair.ask({ name: "validate", length: LENGTH, milliseconds: 0 }),
    Error,
    "frame 5 wrong",
  );
});

for (const [killed, way] of [["far", "pipe-bytes"], ["near", "tcp"]] as const) {
  Deno.test(`Pair.ask() fails at once if the ${killed} end is killed`, async () => {
    await using pair = await start("dying_end.ts", { way });
    await pair.ask({ name: "validate", length: LENGTH, milliseconds: 0 });
    await assertRejects(
      () =>
        within(
          "the answer is an error",
          pair.ask({ name: "trips", length: LENGTH, milliseconds: 30_000 }),
          AT_ONCE,
        ),
      Error,
      `the ${killed} end ended with exit code`,
    );
  });
}

Deno.test("Pair removes the folder of its ends with all files, also after a kill", async () => {
  await using pair = await start("filing_end.ts");
  const answer = await pair.ask({ name: "validate", length: LENGTH, milliseconds: 0 });
  const folder = `${answer.folder}`;
  const files = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  assertEquals(files.toSorted(), ["far", "near"]);
  await pair[Symbol.asyncDispose]();
  await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
});

Deno.test("Pair.start() fails if there is no such script", async () => {
  await assertRejects(() => start("no_such_end.ts"), Error, "the far end ended with exit code 1");
});

Deno.test("Pair.start() takes a signal that ends both processes", async () => {
  const abort = new AbortController();
  const name = randomName();
  using asked = SharedEvent.create(`${name}-asked`);
  const command = [...denoCommand("silent_end.ts"), name];
  await using pair = await start("silent_end.ts", { command, signal: abort.signal });
  const answer = pair.ask({ name: "trips", length: LENGTH, milliseconds: 30_000 });
  await asked.wait(soon);
  for (const side of ["near", "far"]) SharedEvent.open(`${name}-${side}`).close();
  abort.abort();
  const failed = assertRejects(() => answer, Error, "end ended with exit code");
  await within("the answer is an error", failed, AT_ONCE);
  for (const side of ["near", "far"]) {
    assertThrows(() => SharedEvent.open(`${name}-${side}`), Deno.errors.NotFound);
  }
});

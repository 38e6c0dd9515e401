// Task: test:compare Its pairs spin on all processors.

import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { SharedEvent } from "../../mod.ts";
import { main } from "../../bench/compare/main.ts";
import { EVERYONE } from "../../bench/compare/plan.ts";
import type { Prepare } from "../../bench/compare/prepare.ts";
import { BY, WAYS } from "../../bench/compare/ways.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { collectErrors } from "./support/collect_errors.ts";
import { denoCommand } from "./support/deno_command.ts";

/**
 * Runs a comparison whose only pair is that of a script in tests/compare/peers.
 *
 * @param args The first arguments of the script. @default none
 * @param interruption Interrupts the comparison. @default nothing does
 */
async function compareWith(
  script: string,
  args: readonly string[] = [],
  interruption?: AbortController,
) {
  const missing = new Map(
    EVERYONE.filter((by) => by !== "node-net").map((by) => [by, "not part of the test"]),
  );
  const prepare: Prepare = () =>
    Promise.resolve({
      missing,
      versions: {},
      commandOf: () => [...denoCommand(script), ...args],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    using errors = collectErrors();
    const code = await main(["--quick", "--to", folder], prepare, interruption);
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
    const report = files.includes("RESULTS.md")
      ? await Deno.readTextFile(`${folder}\\RESULTS.md`)
      : "";
    return { code, said: errors.lines.join("\n"), files, report };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("compare is void if an end damages a frame, and names the way and the frame", async () => {
  const { code, said, files } = await compareWith("damaged_end.ts");
  assertEquals([code, files], [1, []]);
  assertStringIncludes(said, "void");
  assertStringIncludes(said, "pipe-bytes");
  assertStringIncludes(said, "frame 5 wrong");
});

Deno.test("compare is void if an end is killed in the middle", async () => {
  const { code, said, files } = await compareWith("dying_end.ts");
  assertEquals([code, files], [1, []]);
  assertStringIncludes(said, "pipe-bytes");
  assertMatch(said, /(trips|stream) at 64 B/);
  assertStringIncludes(said, "the far end ended with exit code");
});

Deno.test("compare ends its processes and writes nothing after a Ctrl-C", async () => {
  const name = randomName();
  using asked = SharedEvent.create(`${name}-asked`);
  const interruption = new AbortController();
  const compared = compareWith("silent_end.ts", [name], interruption);
  await asked.wait(soon);
  for (const side of ["near", "far"]) SharedEvent.open(`${name}-${side}`).close();
  interruption.abort();
  const { code, files } = await within("the comparison ends", compared, 10_000);
  assertEquals([code, files], [130, []]);
  for (const side of ["near", "far"]) {
    assertThrows(() => SharedEvent.open(`${name}-${side}`), Deno.errors.NotFound);
  }
});

Deno.test("compare writes a report of ends without a fault, and names what is missing", async () => {
  const { code, said, files, report } = await compareWith("honest_end.ts");
  assertEquals([code, files.toSorted()], [0, ["RESULTS.md", "results"]], said);
  assertStringIncludes(report, `${WAYS.mailslot}, ${BY.c}: not part of the test`);
});

Deno.test("compare refuses options that it does not know, or that exclude each other", async () => {
  using errors = collectErrors();
  const prepare: Prepare = () => Promise.reject(new Error("Expected no measurement"));
  const refused = [
    "--fast",
    "--quick --all",
    "--seed -1",
    "--seed x",
    "--to",
    "--to= --quick",
    "--from",
    "--from a.json --quick",
    "--from a.json --all",
    "--from a.json --seed 1",
  ];
  for (const args of refused) assertEquals(await main(args.split(" "), prepare), 1, args);
  assertEquals(errors.lines.length, refused.length);
  assertEquals(errors.lines.filter((line) => line.includes("Cannot read")), []);
  assertEquals(errors.lines.filter((line) => line.includes("Expected no measurement")), []);
});

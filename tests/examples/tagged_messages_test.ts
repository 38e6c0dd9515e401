// Task: test:examples

import { assertEquals } from "@std/assert";
import { TextLineStream } from "@std/streams/text-line-stream";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { within } from "../support/within.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

/** Starts a receiver, and returns its lines when it is ready. */
async function startReceiver(
  role: string,
  name: string,
): Promise<ReadableStreamDefaultReader<string>> {
  const script = new URL("../../examples/tagged_messages.ts", import.meta.url).href;
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, role, "--name", name],
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  const lines = stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const reader = lines.getReader();
  const { value } = await within("the receiver is ready", reader.read(), 30_000);
  assertEquals(value, "Receiving until the sender closes");
  return reader;
}

Deno.test("examples/tagged_messages.ts sends trades and quotes to two receivers, until it ends", async () => {
  const name = randomName();
  const [values, views] = await Promise.all([
    startReceiver("values", name),
    startReceiver("views", name),
  ]);
  const { code, err } = await runExample(
    "tagged_messages.ts",
    "send",
    "--name",
    name,
    "--count",
    "4",
  );
  assertEquals([code, err], [0, ""]);
  const results = [
    [values, `The trades had a volume of ${(101 + 103) * 10}`],
    [views, "The widest spread in 4 messages was 1"],
  ] as const;
  for (const [reader, expected] of results) {
    const { value } = await within("the receiver has its result", reader.read(), 30_000);
    assertEquals(value, expected);
    assertEquals((await reader.read()).done, true);
  }
});

Deno.test("examples/tagged_messages.ts prints its usage", async () => {
  await assertPrintsUsage("tagged_messages.ts");
});

// Task: test:examples

import { assertEquals } from "@std/assert";
import { compress } from "../../examples/channel_stream.ts";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/channel_stream.ts compresses a file that another process sends", async () => {
  const name = randomName();
  const url = new URL("../../README.md", import.meta.url);
  const file = decodeURIComponent(url.pathname.slice(1));
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const [fed, , text] = await Promise.all([
    runExample("channel_stream.ts", "feed", "--name", name, "--file", file),
    compress(name, writable, AbortSignal.timeout(30_000)),
    new Response(readable.pipeThrough(new DecompressionStream("gzip"))).text(),
  ]);
  assertEquals(fed, { code: 0, out: "", err: "" });
  assertEquals(text, await Deno.readTextFile(url));
});

Deno.test("examples/channel_stream.ts prints its usage", async () => {
  await assertPrintsUsage("channel_stream.ts", "feed");
});

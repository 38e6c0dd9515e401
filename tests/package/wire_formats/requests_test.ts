// Task: test:package
//
// Compares the table of requests in docs/wire_formats.md with the frames that the library sends.

import { assert, assertEquals } from "@std/assert";
import { client, serve } from "../../../src/rpc/mod.ts";
import { KIND, MAGIC, MAX_AHEAD, MAX_CALLS, MAX_GROUP, VERSION } from "../../../src/rpc/frame.ts";
import { pairLinks } from "../../rpc/support/pair_link.ts";
import { documentation, tableOf } from "./document.ts";

Deno.test("wire_formats.md describes the kinds of requests, and their limits", () => {
  const kinds = tableOf("table: requests").map(({ kind, name }) => [name, Number(kind)]);
  assertEquals(Object.fromEntries(kinds), { ...KIND });
  const [, section] = /\n## Requests\n([\s\S]*?)\n## /.exec(documentation) ?? [];
  for (const text of [`"${MAGIC}"`, `1 to ${MAX_GROUP} _frames_`, `most ${MAX_CALLS} of them`]) {
    assert(section?.includes(text), text);
  }
  assert(section!.includes(`to ${MAX_AHEAD.toLocaleString("en-US")}.`));
  assert(section!.includes(`The version is ${VERSION}.`));
});

Deno.test("The library sends each frame with the elements that wire_formats.md names", async () => {
  const lengths = new Map(
    tableOf("table: requests").map((row) => {
      const elements = row["elements after the kind"]!.split(",").length;
      return [Number(row.kind), 1 + elements];
    }),
  );
  const [near, far] = pairLinks();
  near.isRecording = true;
  far.isRecording = true;
  const handlers = {
    echo: (value: number) => value,
    fail: () => Promise.reject(new Error("failed")),
    wait: () => new Promise(() => {}),
    async *numbers(to: number) {
      for (let number = 0; number < to; number++) yield await Promise.resolve(number);
    },
  };
  await using _service = serve(far, handlers);
  await using caller = client<typeof handlers>(near);
  await caller.call("echo", 1);
  await caller.call("fail").catch(() => {});
  await caller.call("wait", undefined, { timeout: 1 }).catch(() => {});
  await Array.fromAsync(caller.stream("numbers", 10, { ahead: 2 }));

  const frames = [...near.sent, ...far.sent].flat() as unknown[][];
  for (const frame of frames) assertEquals(frame.length, lengths.get(Number(frame[0])), `${frame}`);
  const sent = new Set(frames.map(([kind]) => kind));
  assertEquals(sent, new Set(Object.values(KIND)));
});

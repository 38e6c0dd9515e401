import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runPeer } from "../support/run_peer.ts";

/** Runs the tour as `deno task demo` does. */
async function tour(...args: string[]) {
  const root = new URL("../../", import.meta.url);
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const [deno, ...command] = tasks.demo.split(" ");
  assertEquals(deno, "deno");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...command, ...args],
    cwd: root,
    signal: AbortSignal.timeout(120_000),
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("the tour shows every way, each right, between different processes", async () => {
  const { code, out, err } = await tour();
  assertEquals([code, err], [0, ""]);
  const ways = [...out.matchAll(/^\d+\. (.*)$/gm)].map(([, title]) => title);
  assertEquals(ways, [
    "Memory by name",
    "A mapped file",
    "Messages between windows",
    "A handle for a running process",
    "Memory that children inherit",
    "Variables in a DLL",
    "Taking turns",
    "The newest value",
    "A channel",
    "One to many",
  ]);
  const pids = [...out.matchAll(/process (\d+) \(this one\) and process (\d+)/g)];
  assert(pids.length >= ways.length, `${pids.length} pairs of processes`);
  for (const [, ours, theirs] of pids) assert(ours !== theirs);
  assertEquals(out.match(/WRONG/), null);
  assertMatch(out, /right {2}it saw every byte as it was sent/);
  assertStringIncludes(out, `All of it came back right: ${ways.length} ways.`);
});

Deno.test("the tour can be cut short, and knows its parts", async () => {
  const { code, out } = await tour("--only", "file");
  assertEquals(code, 0);
  assertStringIncludes(out, "1. A mapped file");
  assertStringIncludes(out, "right: 1 ways.");
  const unknown = await tour("--only", "nothing of the kind");
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.err, 'No part of the tour is called "nothing of the kind"');
});

Deno.test("the tour counts an answer that is wrong", async () => {
  assertEquals(await runPeer("examples/peers/wrong_chapter.ts"), [
    "   right  one is one",
    "   WRONG  one is two",
    "failures: 1",
  ]);
});

// Task: test:examples

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { NatsServer } from "../support/nats_server.ts";
import { runPeer } from "../support/run_peer.ts";
import { SLOWNESS } from "../support/slowness.ts";

/** Runs the tour as `deno task demo` does. */
async function tour(...args: string[]) {
  const root = new URL("../../", import.meta.url);
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const [deno, ...command] = tasks.demo.split(" ");
  assertEquals(deno, "deno");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...command, ...args],
    cwd: root,
    signal: AbortSignal.timeout(180_000 * SLOWNESS),
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("The tour shows every part with different processes, and all checks pass", async () => {
  await using server = await NatsServer.start();
  const { code, out, err } = await tour("--nats", server.address);
  assertEquals([code, err], [0, ""]);
  const ways = [...out.matchAll(/^\d+\. (.*)$/gm)].map(([, title]) => title);
  assertEquals(ways, [
    "Memory by name",
    "A mapped file",
    "Messages between windows",
    "A handle for a running process",
    "Memory that children inherit",
    "Variables in a DLL",
    "A struct guarded by a mutex",
    "Accounts with a lock in memory",
    "The newest value",
    "A moving picture",
    "Another program's telemetry",
    "A named pipe",
    "A TCP socket",
    "A mailslot",
    "A channel",
    "Channels for each client",
    "One sender, many receivers",
    "A script that runs once",
    "A call to another script",
    "A ring across machines",
    "The command winipc",
  ]);
  const pids = [...out.matchAll(/process (\d+) \(this one\) and process (\d+)/g)];
  assert(pids.length >= ways.length, `${pids.length} pairs of processes`);
  for (const [, ours, theirs] of pids) assert(ours !== theirs);
  assertEquals(out.match(/FAILED/), null);
  assertMatch(out, /ok {5}the other process read every byte unchanged/);
  assertStringIncludes(out, `All checks passed. Parts shown: ${ways.length}`);
});

Deno.test("The tour shows only the parts whose title contains the word of --only", async () => {
  const { code, out } = await tour("--only", "file");
  assertEquals(code, 0);
  assertStringIncludes(out, "1. A mapped file");
  assertStringIncludes(out, "Parts shown: 1");
  const unknown = await tour("--only", "nothing of the kind");
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.err, 'No part of the tour has a title with "nothing of the kind"');
});

Deno.test("The tour says in one line that no NATS server answers, and finishes", async () => {
  // A port that is free: a server of a test that has ended.
  const server = await NatsServer.start();
  await server[Symbol.asyncDispose]();
  const { code, out, err } = await tour("--only", "across", "--nats", server.address);
  assertEquals([code, err], [0, ""]);
  assertEquals(out.trim().split(/\r?\n/), [
    "1. A ring across machines",
    `   none   no NATS server answers at ${server.address}: start nats-server to see this part`,
    "",
    "All checks passed. Parts shown: 0, not shown: 1",
  ]);
});

Deno.test("The tour counts a failed check", async () => {
  assertEquals(await runPeer("examples/peers/wrong_chapter.ts"), [
    "   ok     one is one",
    "   FAILED one is two",
    "failures: 1",
  ]);
});

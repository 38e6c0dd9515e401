// Task: test:command
//
// winipc doctor. Each call is a process.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { currentSession } from "../../ffi/process_thread.ts";
import { currentUserSid } from "../../ffi/security.ts";
import { MIN_DENO } from "../../ffi/platform.ts";
import { tokenInfo, userName, wineVersion } from "../../ffi/this_process.ts";
import { TRIES, tryOnce } from "../../src/cli/ways/tries.ts";
import { winipc } from "./winipc.ts";
import { winipcOnTerminal } from "./terminal.ts";

/** The names of the ways that each machine should have. */
const EXPECTED = TRIES.filter(({ expected }) => expected).map(({ name }) => name);
// Read here, because the functions are bound at their first use, for the whole process.
const USER = userName();
const CAN_CREATE_GLOBAL = tokenInfo(["SeCreateGlobalPrivilege"]).privileges;

Deno.test("winipc doctor describes the machine, and tries each way", async () => {
  const [text, json, terminal] = await Promise.all([
    winipc(["doctor"]),
    winipc(["doctor", "--json"], { flags: ["--allow-ffi", "--allow-read"] }),
    winipcOnTerminal(["doctor"], { columns: 200, timeout: 60_000 }),
  ]);
  assertEquals([text.code, text.err], [0, ""]);
  const [facts = "", ways = "", end] = text.out.split("\n\n");
  assertEquals(end, "All that can be expected works.\n");
  const labels = facts.split("\n").map((line) => /^(\S+(?: page)?) /.exec(line)?.[1]);
  assertEquals(labels, [
    ...["Deno", "System", "Processors", "Memory", "User", "Rights"],
    ...["SeCreateGlobalPrivilege", "SeDebugPrivilege", "Code page"],
    ...["--allow-ffi", "--allow-read", undefined, undefined, "--allow-write", "--allow-net"],
  ]);
  assertMatch(facts, /\nMemory {19}[\d.]+ [GT]iB; the largest section can have [\d.]+ [GT]iB\n/);
  assertEquals(facts.split("\n").slice(-6), [
    "--allow-ffi              yes: everything",
    "--allow-read             no: dump, watch, tail: with --schema",
    "                             replay, dll: to read FILE",
    "                             bridge: with --creds",
    "--allow-write            no: record: to write FILE",
    "--allow-net              no: bridge: to reach the server",
  ]);
  assertStringIncludes(facts, `${Deno.version.deno} (${MIN_DENO} or newer is needed)`);
  assertStringIncludes(facts, `${USER} (${currentUserSid()}), session ${currentSession()}\n`);
  const tried = ways.split("\n").filter((line) => line.startsWith("✓"))
    .map((line) => line.replace(/ \d+\.\d ms$/, ""));
  for (const name of EXPECTED) {
    const way = TRIES.find((way) => way.name === name)!;
    assert(tried.includes(`✓ ${name.padEnd(10)} ${way.text}`), `${name}: ${ways}`);
  }

  assertEquals([json.code, json.err], [0, ""]);
  const document = JSON.parse(json.out);
  assertEquals(Object.keys(document), [
    ...["ok", "deno", "system", "processors", "permissions", "windows", "memory", "user"],
    ...["elevated", "integrity", "privileges", "codePage", "ways"],
  ]);
  assertEquals(document.ok, true);
  assertEquals(document.permissions, { ffi: true, read: true, write: false, net: false });
  assertEquals(document.windows.wine, wineVersion());
  assertEquals(document.user, {
    name: USER,
    sid: currentUserSid(),
    session: currentSession(),
  });
  assertEquals(
    document.ways.filter(({ ok }: { ok: boolean }) => ok).map(({ name }: { name: string }) => name),
    CAN_CREATE_GLOBAL["SeCreateGlobalPrivilege"] ? TRIES.map(({ name }) => name) : EXPECTED,
  );

  assertEquals(terminal.code, 0);
  assertStringIncludes(terminal.text, "Trying RingChannel …");
  assertStringIncludes(terminal.text, "\x1b[32m✓\x1b[39m ring");
  assertEquals(terminal.lines.at(-1), "All that can be expected works.");
  assertEquals(terminal.lines.filter((line) => line.includes("Trying")), []);
});

Deno.test("winipc doctor without --allow-ffi says so, and ends with 4", async () => {
  const reason = "winipc doctor needs the permission --allow-ffi to try the ways: " +
    "add --allow-ffi after deno run, or install the command with --allow-ffi";
  const [text, json] = await Promise.all([
    winipc(["doctor"], { flags: [] }),
    winipc(["doctor", "--jsonl"], { flags: [] }),
  ]);
  assertEquals([text.code, text.err, text.out.split("\n").at(-2)], [4, "", `✗ ${reason}`]);
  assertEquals([json.code, json.err, json.out.split("\n").length], [4, "", 2]);
  const { ok, reason: told, permissions, ways } = JSON.parse(json.out);
  assertEquals([ok, told, ways], [false, reason, []]);
  assertEquals(permissions, { ffi: false, read: false, write: false, net: false });
});

Deno.test("A try reports its failure with advice, and a way that hangs ends by its time limit", async () => {
  const way = { name: "way", text: "a way", expected: true, advice: "do this" };
  const { signal } = new AbortController();
  const hanging = { ...way, run: () => new Promise<void>(() => {}) };
  const results = await Promise.all([
    tryOnce({ ...way, run: () => {} }, signal),
    tryOnce({ ...way, run: () => Promise.reject(new Error("no luck")) }, signal),
    tryOnce({
      ...way,
      run: () => {
        throw new Error("at once");
      },
    }, signal),
    tryOnce(hanging, signal, 20),
  ]);
  assertEquals(results.map(({ ok, reason, advice }) => [ok, reason, advice]), [
    [true, undefined, undefined],
    [false, "no luck", "do this"],
    [false, "at once", "do this"],
    [false, "It did not work within 20 ms", "do this"],
  ]);
  const interruption = new AbortController();
  const interrupted = tryOnce(hanging, interruption.signal);
  interruption.abort(new Error("Ctrl-C"));
  await assertRejects(() => interrupted, Error, "Ctrl-C");
});

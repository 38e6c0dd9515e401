// Task: test:command
//
// winipc bench. Each call is a process.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { openEnds } from "../../src/cli/ways/ways.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { Terminal } from "./terminal.ts";
import { WAYS } from "../../src/cli/ways/way_names.ts";
import { winipc } from "./winipc.ts";

const NOTE = "Each message has 1 KiB. Both ends are in one thread, so the times are those of " +
  "sending and receiving, without the switch to another process.\n";

const REFUSED = {
  code: 1,
  out: "",
  err: "Cannot measure window: The window did not take a message of 1048576 bytes: send a " +
    "shorter one\n",
};

interface Measured {
  way: string;
  byteLength: number;
  messages: number;
  p50: number;
  p99: number;
  perSecond: number;
}

function assertPlausible({ way, messages, p50, p99, perSecond }: Measured): void {
  const text = `${way}: ${messages} messages, ${p50} ns, ${p99} ns, ${perSecond}/s`;
  assert(p50 > 0 && p99 >= p50 && messages > 0 && perSecond > 0, text);
  // Half of the messages are faster than p50, so the mean is at least a half of it.
  assert(perSecond <= 2.1e9 / p50, text);
}

Deno.test("winipc bench compares ways in text and in JSON, and refuses others", async () => {
  const run = (...args: string[]) => winipc(["bench", ...args]);
  const [text, json, lines, mistake, tooLong] = await Promise.all([
    run("mailslot", "ring", "--size", "1024"),
    run("ring", "--json"),
    run("latest", "broadcast", "--size=2000", "--jsonl"),
    run("ring", "rung"),
    // Wine has a limit, which docs/messages.md tells. Windows has none.
    isWine() ? run("window", "--size", "1048576") : undefined,
  ]);
  assertEquals([text.code, text.err], [0, NOTE]);
  const [head, first, second, ...rest] = text.out.split("\n");
  assertMatch(head!, /^WAY +P50 +P99 +MESSAGES\/S +RATIO$/);
  const number = String.raw` +[\d.]+ [nµm]s`;
  assertMatch(first!, new RegExp(`^ring    ${number}${number} +[\\d,]+ +1\\.0 ×  █{20}$`));
  assertMatch(second!, new RegExp(`^mailslot${number}${number} +[\\d,]+ +[\\d.]+ ×  █{1,20}$`));
  assertEquals(rest, [""]);

  const [measured, ...none]: Measured[] = JSON.parse(json.out);
  assertEquals([json.code, json.err, none.length], [0, "", 0]);
  assertEquals([measured?.way, measured?.byteLength], ["ring", 64]);
  assertPlausible(measured!);

  assertEquals([lines.code, lines.err], [0, ""]);
  const both: Measured[] = lines.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  // The order is that of the table.
  assertEquals(both.map(({ way, byteLength }) => [way, byteLength]), [
    ["broadcast", 2000],
    ["latest", 2000],
  ]);
  both.forEach(assertPlausible);

  assertEquals(tooLong ?? REFUSED, REFUSED);
  assertEquals(mistake, {
    code: 2,
    out: "",
    err:
      'Expected WAY to be one of its words, got "rung": did you mean "ring"?\nSee winipc bench --help\n',
  });
});

Deno.test("winipc bench shows its progress on a terminal, and ends with 130 on Ctrl-C", async () => {
  await using terminal = await Terminal.winipc(["bench"]);
  await terminal.until("Measuring SharedMemory and a SharedEvent (1 of 7) …");
  await terminal.type("\x03");
  assertEquals((await terminal.ended()).code, 130);
});

Deno.test("Each way passes messages of 1 byte and of 500,000 bytes from end to end", async () => {
  const signal = AbortSignal.timeout(30_000 * SLOWNESS);
  for (const way of WAYS) {
    for (const byteLength of [1, 500_000]) {
      await using ends = await openEnds(way, randomName(), byteLength, signal);
      for (const byte of [7, 8]) {
        const message = new Uint8Array(byteLength).fill(byte);
        assertEquals(await ends.pass(message), message, `${way} with ${byteLength} bytes`);
      }
    }
  }
});

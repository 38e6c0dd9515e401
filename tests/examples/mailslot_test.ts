// Task: test:examples

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Mailslot, openMailslot } from "../../mod.ts";
import { linesOf, sendLines } from "../../examples/mailslot.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

const license = decodeURIComponent(new URL("../../LICENSE", import.meta.url).pathname.slice(1));

/** Starts the example as the monitor, and waits until it has its mailslot. */
async function startMonitor(name: string, senders: number) {
  const script = new URL("../../examples/mailslot.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-ffi", "--allow-read", script],
      ...["monitor", "--name", name, "--senders", `${senders}`, "--timeout", "60000"],
    ],
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await output.read();
  assertMatch(value ?? "", /^Process \d+ collects lines\r?\n$/);
  return {
    /** Waits until the monitor exits. Returns the lines of its output. */
    async end() {
      let out = "";
      for (let value; ({ value } = await output.read()), value !== undefined;) out += value;
      assertEquals((await child.status).code, 0);
      return out.trimEnd().split(/\r?\n/);
    },
  };
}

Deno.test("examples/mailslot.ts collects the lines of two processes, each in its order", async () => {
  const name = randomName();
  const monitor = await startMonitor(name, 2);
  const args = ["send", "--name", name, "--file", license];
  const sent = await Promise.all([1, 2].map(() => runExample("mailslot.ts", ...args)));
  const lines = (await Deno.readTextFile(license)).trimEnd().split("\n");
  for (const { code, out, err } of sent) {
    assertEquals([code, out, err], [0, `Sent ${lines.length} lines\n`, ""]);
  }
  const out = await monitor.end();
  assertEquals(out.pop(), `Collected ${2 * lines.length} lines`);
  const byProcess = Map.groupBy(out, (line) => line.match(/^\d+/)?.[0] ?? "");
  assertEquals(byProcess.size, 2);
  for (const [pid, collected] of byProcess) {
    assertEquals(collected, [...lines.map((line) => `${pid}: ${line}`), `${pid} has ended`]);
  }
});

Deno.test("examples/mailslot.ts ignores messages of a different form", async () => {
  const name = randomName();
  using mailslot = Mailslot.create(name);
  using stranger = openMailslot(name);
  for (const text of ["", "no number", "\0\xff"]) stranger.send(new TextEncoder().encode(text));
  sendLines(name, ["", "one  two"]);
  const lines = await Array.fromAsync(linesOf(mailslot, 1, AbortSignal.timeout(20_000 * SLOWNESS)));
  const { pid } = Deno;
  assertEquals(lines, [{ pid, text: "" }, { pid, text: "one  two" }, { pid, text: undefined }]);
});

Deno.test("examples/mailslot.ts says that there is no monitor, stops after --timeout, and prints its usage", async () => {
  const name = randomName();
  const { code, err } = await runExample("mailslot.ts", "send", "--name", name, "--file", license);
  assertEquals(code, 1);
  assertStringIncludes(err, `NotFound: Cannot open the mailslot "\\\\.\\mailslot\\${name}"`);
  await assertTimesOut("mailslot.ts", "monitor", "--name", name);
  await assertPrintsUsage("mailslot.ts");
});

// Task: test:peers

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SharedEvent, spawn, type SpawnOptions } from "../../mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";

const WRITER = peerUrl("process/peers/write_output.ts").href;
const piped = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
const args = (...words: string[]) => ["run", "--no-prompt", "--allow-ffi", WRITER, ...words];

function start(how: string, options: SpawnOptions = {}) {
  return spawn(Deno.execPath(), {
    ...piped,
    args: args(how),
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
    killWithParent: true,
    ...options,
  });
}

async function denoOutput(how: string): Promise<Deno.CommandOutput> {
  const command = new Deno.Command(Deno.execPath(), {
    ...piped,
    args: args(how),
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  });
  return await command.output();
}

/** Returns a digest, because assertEquals() takes minutes to compare a million different bytes. */
async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function summary({ success, code, signal, stdout, stderr }: Deno.CommandOutput) {
  const lengths = [stdout.length, stderr.length];
  return { success, code, signal, lengths, out: await digest(stdout), err: await digest(stderr) };
}

for (
  const [how, lengths] of Object.entries({
    nothing: [0, 0],
    little: [5, 3],
    much: [1_500_000, 1_500_000],
    closes: [4, 300_000],
  })
) {
  Deno.test(`ChildProcess.output() returns the same as Deno.Command.output() of a child that writes: ${how}`, async () => {
    const expected = await summary(await denoOutput(how));
    assertEquals([expected.lengths, expected.code], [lengths, 7]);
    await using child = start(how);
    assertEquals(await summary(await child.output()), expected);
  });
}

Deno.test("ChildProcess.output() returns all that a child wrote before it was killed, as Deno's does", async () => {
  const name = randomName();
  using event = SharedEvent.create(name);
  const killed = async (child: { output(): Promise<Deno.CommandOutput>; kill(): void }) => {
    const output = child.output();
    await event.wait({ timeout: 60_000 * SLOWNESS });
    child.kill();
    return await output;
  };
  const options = {
    ...piped,
    args: args("hangs", name),
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  };
  const theirs = await killed(new Deno.Command(Deno.execPath(), options).spawn());
  await using child = spawn(Deno.execPath(), options);
  const ours = await killed(child);
  const { lengths, success, code, signal } = await summary(ours);
  assertEquals([lengths, success, code, signal], [[6, 200_000], false, 1, null]);
  const { out, err } = await summary(theirs);
  assertEquals(await summary(ours), { lengths, success, code, signal, out, err });
  assertEquals(Object.keys(ours).sort(), Object.keys(theirs).sort());
});

Deno.test("ChildProcess.output() reads the piped streams, and throws on access to a stream that is not piped", async () => {
  await using child = start("little", { stderr: "null" });
  const output = await child.output();
  assertEquals(output.stdout.length, 5);
  assertThrows(() => output.stderr, TypeError, 'Cannot get "stderr": it is not piped');
  await using other = start("little", { stdout: "null" });
  const { stderr } = await other.output();
  assertEquals(stderr.length, 3);
  await using neither = start("nothing", { stdout: "null", stderr: "null" });
  await assertRejects(() => neither.output(), TypeError, "is piped");
  assertEquals((await neither.status).code, 7);
});

Deno.test("ChildProcess.output() refuses a stream that is locked or was read, and locks no stream then", async () => {
  for (const name of ["stdout", "stderr"] as const) {
    await using child = start("little");
    const reader = child[name].getReader();
    await assertRejects(() => child.output(), TypeError, `Cannot collect "${name}"`);
    await reader.read();
    reader.releaseLock();
    await assertRejects(() => child.output(), TypeError, "was read before");
    assert(!child.stdout.locked && !child.stderr.locked);
  }
  await using twice = start("little");
  const first = twice.output();
  await assertRejects(() => twice.output(), TypeError, 'Cannot collect "stdout"');
  assertEquals((await first).stdout.length, 5);
  await assertRejects(() => twice.output(), TypeError, 'Cannot collect "stdout"');
});

Deno.test("ChildProcess.output() waits for a child that reads its input to the end", async () => {
  await using child = start("waits", { stdin: "piped" });
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new Uint8Array(300_000));
  await writer.close();
  assertEquals([(await output).stdout.length, (await output).code], [300_000, 7]);
});

Deno.test("ChildProcess.output() leaves no handle open", async () => {
  await assertLeavesNoHandle(10, async () => {
    await using child = spawn("cmd", { ...piped, args: ["/c", "echo Hello"] });
    const { stdout, code } = await child.output();
    assertEquals([new TextDecoder().decode(stdout), code], ["Hello\r\n", 0]);
  });
});

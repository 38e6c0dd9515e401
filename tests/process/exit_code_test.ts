/**
 * Compares the exit codes that `spawn()` and `Deno.Command` report.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openProcess, takeHandle } from "../../ffi/process_thread.ts";
import { ProcessWatch, RingChannel, SharedEvent, spawn, waitAny } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";

/** The exit code that `GetExitCodeProcess` returns for a running process. */
const STILL_ACTIVE = 259;

Deno.test("ChildProcess.status and ProcessWatch report the same exit codes as Deno.Command", async () => {
  for (const code of [0, STILL_ACTIVE, 256, 0xc0000005, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const args = ["/c", `exit ${code | 0}`];
    const { code: denos, success } = await new Deno.Command("cmd", { args }).output();
    const child = spawn("cmd", { args });
    using watch = ProcessWatch.open(child.pid);
    assertEquals(await child.status, { code: denos, success, signal: null });
    assertEquals([watch.exitCode, await watch.wait()], [denos, denos]);
  }
});

Deno.test("ChildProcess.status and ProcessWatch report the end of a process with exit code 259", async () => {
  // The child reads a line before it ends.
  const child = spawn("cmd", { args: ["/c", `set /p x= & exit ${STILL_ACTIVE}`], stdin: "piped" });
  using watch = ProcessWatch.open(child.pid);
  using process = openProcess(child.pid);
  using event = SharedEvent.anonymous();
  assertEquals(watch.exitCode, undefined);
  assertThrows(() => takeHandle(process, 0x7ffffffcn, "event"), Deno.errors.BadResource);
  await child.stdin.close();
  assertEquals((await child.status).code, STILL_ACTIVE);
  assertEquals(watch.exitCode, STILL_ACTIVE);
  assertEquals(await waitAny([event, watch]), { index: 1 });
  // The process object exists for as long as any process has a handle of it.
  assertThrows(() => event.duplicateTo(child.pid), Deno.errors.NotFound, "the process has ended");
  assertThrows(() => takeHandle(process, 4n, "event"), Deno.errors.NotFound, "has ended");
});

Deno.test("The sender of a channel that ended with 259 is dead", async () => {
  const name = randomName();
  using channel = RingChannel.create(name);
  using receiver = channel.receiver();
  const script = "import { RingChannel } from './mod.ts';" +
    `RingChannel.open(${JSON.stringify(name)}).sender().sendSync(Uint8Array.of(1));` +
    `Deno.exit(${STILL_ACTIVE});`;
  const child = spawn(Deno.execPath(), { args: ["eval", script] });
  assertEquals(await receiver.receive({ timeout: 60_000 * SLOWNESS }), Uint8Array.of(1));
  await assertRejects(
    () => receiver.receive({ timeout: 60_000 * SLOWNESS }),
    Deno.errors.ConnectionReset,
    "has died",
  );
  assertEquals((await child.status).code, STILL_ACTIVE);
});

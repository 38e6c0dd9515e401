/**
 * Compares the exit codes that `spawn()` and `Deno.Command` report.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { openProcess, takeHandle } from "../../ffi/process_thread.ts";
import { ProcessWatch, SharedEvent, spawn, waitAny } from "../../mod.ts";

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

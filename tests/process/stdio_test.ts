import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { spawn } from "../../mod.ts";
import { compileC } from "../compile_c.ts";
import { assertLeavesNoHandle } from "../leak.ts";

const compileCat = () => compileC(new URL("../peers/cat.c", import.meta.url));
const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

Deno.test("spawn() pipes what goes in and what comes out, whole", async () => {
  await using cat = await compileCat();
  await using child = spawn(cat.path, piped);
  const bytes = new Uint8Array(3_000_000);
  for (let at = 0; at < bytes.length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  const out = new Response(child.stdout).bytes();
  const err = new Response(child.stderr).text();
  const writer = child.stdin.getWriter();
  await writer.write(bytes);
  await writer.close();
  assertEquals(await child.status, { success: true, code: 0, signal: null });
  const digest = async (bytes: BufferSource) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  assertEquals([await digest(await out), await err], [await digest(bytes), "done"]);
});

Deno.test("spawn() gives output as it comes, before the child ends", async () => {
  await using cat = await compileCat();
  await using child = spawn(cat.path, { ...piped, stderr: "null" });
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (const text of ["one", "zwei", "三"]) {
    await writer.write(new TextEncoder().encode(text));
    assertEquals(await reader.read(), { value: text, done: false });
  }
  await writer.close();
  assertEquals((await reader.read()).done, true);
});

Deno.test("spawn() ends the streams of a child that is killed", async () => {
  await using cat = await compileCat();
  await using child = spawn(cat.path, piped);
  const reading = new Response(child.stdout).text();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("some"));
  child.kill();
  assertEquals((await child.status).code, 1);
  await reading;
  const write = async () => {
    for (;;) await writer.write(new Uint8Array(65_536));
  };
  await assertRejects(write, Deno.errors.BrokenPipe);
  assertEquals(await new Response(child.stderr).text(), "");
});

Deno.test("spawn() does not read what nobody wants, and lets a read be cancelled", async () => {
  await using cat = await compileCat();
  await using child = spawn(cat.path, piped);
  const writer = child.stdin.getWriter();
  // Both pipes and the program's own memory fill up, and then the writer waits.
  let written = 0;
  const writing = (async () => {
    for (; written < 1000; written++) await writer.write(new Uint8Array(65_536));
  })().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 200));
  assertLess(written, 100);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const other = child.stderr.getReader();
  const pending = other.read();
  await other.cancel();
  assertEquals((await pending).done, true);
  child.kill();
  await writing;
});

Deno.test("spawn() has no streams where nothing is piped", async () => {
  await using cat = await compileCat();
  await using child = spawn(cat.path, { stdin: "null", stdout: "null", stderr: "null" });
  assertEquals((await child.status).code, 0);
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    assertThrows(() => child[name], TypeError, `Cannot get "${name}": it is not piped`);
  }
});

Deno.test("spawn() leaves no handle of a pipe behind", async () => {
  await using cat = await compileCat();
  const round = async (how: "read" | "kill" | "fail") => {
    if (how === "fail") return assertThrows(() => spawn("C:\\winipc\\none.exe", piped));
    await using child = spawn(cat.path, piped);
    if (how === "kill") return;
    const out = new Response(child.stdout).text();
    const err = new Response(child.stderr).text();
    await child.stdin.close();
    assertEquals([await out, await err], ["", "done"]);
  };
  await assertLeavesNoHandle(10, async () => {
    for (const how of ["read", "kill", "fail"] as const) await round(how);
  });
});

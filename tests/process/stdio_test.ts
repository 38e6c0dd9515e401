// Task: test:peers

import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { type ChildProcess, spawn, type SpawnOptions } from "../../mod.ts";
import { byteSources, emptySources, lostSources, notBytes } from "../support/byte_sources.ts";
import { type Bits, compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { peerUrl } from "../support/peer_url.ts";
import { runPeer } from "../support/run_peer.ts";
import { SLOWNESS } from "../support/slowness.ts";

const compileCat = (bits: Bits) => compileC(peerUrl("process/peers/cat.c"), { bits });
const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

peers.test("spawn() pipes all input and output of a child unchanged", async (bits) => {
  await using cat = await compileCat(bits);
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

peers.test("ChildProcess.stdout delivers output before the child ends", async (bits) => {
  await using cat = await compileCat(bits);
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

peers.test("ChildProcess.kill() ends the child's streams", async (bits) => {
  await using cat = await compileCat(bits);
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
  await assertRejects(
    write,
    Deno.errors.BrokenPipe,
    "Cannot write to the stdin of a child process",
  );
  assertEquals(await new Response(child.stderr).text(), "");
});

peers.test("ChildProcess.stdout is read only on demand, and a read can be cancelled", async (bits) => {
  await using cat = await compileCat(bits);
  await using child = spawn(cat.path, piped);
  const writer = child.stdin.getWriter();
  // Both pipes and the program's buffer fill up, and then the writer waits.
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

peers.test("ChildProcess.stdin, stdout and stderr throw if they are not piped", async (bits) => {
  await using cat = await compileCat(bits);
  await using child = spawn(cat.path, { stdin: "null", stdout: "null", stderr: "null" });
  assertEquals((await child.status).code, 0);
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    assertThrows(() => child[name], TypeError, `Cannot get "${name}": it is not piped`);
  }
});

peers.test("spawn() leaves no handle of a pipe open", async (bits) => {
  await using cat = await compileCat(bits);
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

/** Starts a program that is killed after a minute, so that a failing test ends. */
function start(path: string, options: SpawnOptions = {}): ChildProcess {
  return spawn(path, {
    ...piped,
    stderr: "null",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
    ...options,
  });
}

peers.test("ChildProcess.stdin writes each kind of byte source whole", async (bits) => {
  await using cat = await compileCat(bits);
  await using child = start(cat.path);
  const out = new Response(child.stdout).bytes();
  const writer = child.stdin.getWriter();
  const sources = byteSources();
  for (const { source } of sources) await writer.write(source);
  for (const source of emptySources()) await writer.write(source);
  await writer.close();
  assertEquals([...await out], sources.flatMap(({ bytes }) => [...bytes]));
});

peers.test("ChildProcess.stdin writes a chunk whole even if it is transferred away during the write", async (bits) => {
  await using cat = await compileCat(bits);
  await using child = start(cat.path);
  const writer = child.stdin.getWriter();
  const chunk = new Uint8Array(1_000_000).fill(7);
  const written = writer.write(chunk);
  // After the first read, the pipes are full and the write is still pending.
  const reader = child.stdout.getReader();
  const { value: first } = await reader.read();
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
  let [length, sevens] = [0, 0];
  const count = (bytes: Uint8Array) => {
    length += bytes.length;
    sevens += bytes.filter((byte) => byte === 7).length;
  };
  count(first!);
  const reading = (async () => {
    for (let part; !(part = await reader.read()).done;) count(part.value);
  })();
  await written;
  await writer.close();
  await reading;
  assertEquals([length, sevens], [1_000_000, 1_000_000]);
});

/** Asserts that a child's input has ended: the child copies no more bytes, and ends. */
async function assertInputEnded(child: ChildProcess, expected: string): Promise<void> {
  assertEquals(await new Response(child.stdout).text(), expected);
  assertEquals(await child.status, { success: true, code: 0, signal: null });
}

peers.test("ChildProcess.stdin errors on a chunk that is not bytes, and the child's input ends", async (bits) => {
  await using cat = await compileCat(bits);
  // These are only some of the values, because each needs a child. bytes_test.ts tests all values.
  const wrong = [
    ...notBytes().slice(5, 9),
    ...lostSources().filter((_, index) => index % 4 === 0),
  ];
  for (const { value, got } of wrong) {
    await using child = start(cat.path);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("before"));
    // @ts-expect-error: values that the type checker refuses are refused at run time too
    await assertRejects(() => writer.write(value), TypeError, got);
    await assertRejects(() => writer.closed, TypeError, got);
    await assertInputEnded(child, "before");
  }
});

peers.test("ChildProcess.stdin cancels a pending write on abort, and the child's input ends", async (bits) => {
  await using cat = await compileCat(bits);
  await using child = start(cat.path);
  const writer = child.stdin.getWriter();
  // The child's output is not read, so both pipes fill up.
  const writing = assertRejects(() => writer.write(new Uint8Array(2_000_000)));
  const reason = new Error("enough");
  await new Promise((resolve) => setTimeout(resolve));
  await writer.abort(reason);
  await writing;
  assertEquals(await writer.closed.catch((error) => error), reason);
  const out = await new Response(child.stdout).bytes();
  assertLess(out.length, 2_000_000);
  assertEquals((await child.status).code, 0);
});

peers.test("ChildProcess.stdin errors if the child has ended, and closes its pipe", async (bits) => {
  await using cat = await compileCat(bits);
  await assertLeavesNoHandle(10, async () => {
    const child = start(cat.path, { stdout: "null" });
    const writer = child.stdin.getWriter();
    child.kill();
    await child.status;
    await assertRejects(() => writer.write(new Uint8Array(9)), Deno.errors.BrokenPipe);
    await assertRejects(() => writer.closed, Deno.errors.BrokenPipe);
  });
});

peers.test("ChildProcess streams still work after the child's object is collected", async (bits) => {
  await using cat = await compileCat(bits);
  const flags = ["--v8-flags=--expose-gc"];
  assertEquals(await runPeer("process/peers/collected_child.ts", [cat.path], { flags }), [
    "one two",
  ]);
});

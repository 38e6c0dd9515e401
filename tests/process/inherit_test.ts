import { assertEquals, assertThrows } from "@std/assert";
import { createEvent } from "../../ffi/kernel_object.ts";
import { findWindow, inheritHandles, sendCopyData, SharedMemory, spawn } from "../../mod.ts";
import { compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { soon } from "../support/soon.ts";

/**
 * Starts a child that takes the memory under some keys. Returns a function that collects its lines.
 */
function startHeir(env: Record<string, string>, ...keys: string[]) {
  const script = peerUrl("process/peers/use_inherited_memory.ts").href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, ...keys],
    env,
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  return async () => {
    const { stdout } = await child.output();
    return new TextDecoder().decode(stdout).trim().split(/\r?\n/);
  };
}

Deno.test("inheritHandles() lets a child inherit memory without a name", async () => {
  using memory = SharedMemory.anonymous(10_000);
  using view = memory.map();
  view.bytes[0] = 41;
  let lines: () => Promise<string[]>;
  {
    using scope = inheritHandles({ numbers: memory, Seen: { memory, access: "read" } });
    lines = startHeir(scope.env, "NUMBERS", "seen");
  }
  assertEquals(await lines(), ["NUMBERS readwrite 12288 42", "seen read 12288 42"]);
  assertEquals(view.bytes[0], 42);
});

Deno.test("InheritanceScope.close() keeps children that start later from inheriting the handles", async () => {
  using memory = SharedMemory.anonymous(4096);
  const scope = inheritHandles({ numbers: memory });
  scope.close();
  scope.close();
  // In the child, the value can be of any handle, but not of this memory.
  const [line] = await startHeir(scope.env, "numbers")();
  assertEquals(line?.includes("readwrite"), false, line);
  using view = memory.map();
  assertEquals(view.bytes[0], 0);
});

Deno.test("SharedMemory.inherited() throws for a missing key, for a taken handle and for a false variable", async () => {
  using memory = SharedMemory.anonymous(4096);
  using scope = inheritHandles({ good: memory });
  const good = scope.env.WINIPC_INHERIT_good!;
  const [handle] = good.split(" ");
  using event = createEvent("a test");
  using inheritable = event.duplicate({ inheritable: true });
  const untrue = {
    empty: "",
    words: "some words",
    kind: good.replace("section", "event"),
    size: `${handle} section 9000 readwrite`,
    access: `${handle} section 4096 read`,
    more: `${good} more`,
    event: `${inheritable.value} section 4096 readwrite`,
    pseudo: `${2 ** 32 - 1} section 4096 readwrite`,
  };
  const env: Record<string, string> = { ...scope.env };
  for (const [key, value] of Object.entries(untrue)) env[`WINIPC_INHERIT_${key}`] = value;
  const keys = ["good", "good", "missing", ...Object.keys(untrue)];
  const lines = await startHeir(env, ...keys)();
  assertEquals(lines[0], "good readwrite 4096 1");
  // The child closed the handle after the first use.
  assertEquals(lines.slice(1, 3), ["good BadResource", "missing NotFound"]);
  assertEquals(lines.slice(3, 6), ["empty", "words", "kind"].map((key) => `${key} InvalidData`));
  const others = lines.slice(6).map((line) => line.split(" ")[1]);
  assertEquals(new Set(others), new Set(["BadResource", "InvalidData"]), lines.join());
});

Deno.test("SharedMemory.inherited() refuses a false size and a false access of an inherited handle", async () => {
  using memory = SharedMemory.anonymous(4096);
  using scope = inheritHandles({ good: memory });
  const [handle] = scope.env.WINIPC_INHERIT_good!.split(" ");
  const env = {
    WINIPC_INHERIT_size: `${handle} section 9000 readwrite`,
    WINIPC_INHERIT_access: `${handle} section 4096 read`,
    ...scope.env,
  };
  // The refused handle stays open, so the third attempt can take it.
  assertEquals(await startHeir(env, "size", "access", "good")(), [
    "size InvalidData",
    "access InvalidData",
    "good readwrite 4096 1",
  ]);
});

peers.test("inheritHandles() works with a C program that reads the documented variable", async (bits) => {
  await using program = await compileC(peerUrl("process/peers/use_inherited_memory.c"), { bits });
  using memory = SharedMemory.anonymous(6000);
  using view = memory.map();
  view.bytes[0] = 6;
  using scope = inheritHandles({ numbers: memory });
  const { stdout, code } = await new Deno.Command(program.path, { env: scope.env }).output();
  assertEquals([new TextDecoder().decode(stdout).trim(), code], ["6000 readwrite 7", 0]);
  assertEquals(view.bytes[0], 7);
});

Deno.test("inheritHandles() refuses invalid keys and memory, and leaves no handle open", async () => {
  using memory = SharedMemory.anonymous(4096);
  using reader = memory.toReadOnly();
  await assertLeavesNoHandle(10, () => {
    for (const key of ["", "1a", "a-b", "a=b", "ä", "x".repeat(65), "__proto__"]) {
      assertThrows(
        () => inheritHandles({ fine: memory, [key]: memory }),
        TypeError,
        "Expected a key",
      );
      assertThrows(() => SharedMemory.inherited(key), TypeError, "Expected a key");
    }
    assertThrows(
      () => inheritHandles({ fine: memory, reader: { memory: reader, access: "readwrite" } }),
      Deno.errors.PermissionDenied,
    );
    const closed = SharedMemory.anonymous(4096);
    closed.close();
    assertThrows(() => inheritHandles({ memory, closed }), Deno.errors.BadResource);
  });
});

Deno.test("inheritHandles() and spawn() refuse two keys that differ only in case", () => {
  using memory = SharedMemory.anonymous(4096);
  using other = SharedMemory.anonymous(4096);
  for (const inherit of [{ memory, Memory: other }, { a: memory, b: memory, A: other }]) {
    const text = "to differ in more than case, got";
    assertThrows(() => inheritHandles(inherit), TypeError, text);
    assertThrows(() => spawn("cmd", { inherit }), TypeError, text);
  }
  using scope = inheritHandles({ memory, memory_: other });
  assertEquals(Object.keys(scope.env).length, 2);
});

Deno.test("SharedMemory.inherited() returns memory that stays valid when the parent is killed", async () => {
  const name = randomName();
  const script = peerUrl("process/peers/start_serving_child.ts").href;
  const flags = ["--no-prompt", "--allow-ffi", "--allow-run"];
  const parent = await Peer.startProgram(Deno.execPath(), "run", ...flags, script, name);
  try {
    const child = await findWindow({ class: name, ...soon });
    assertEquals(await sendCopyData(child, "a"), 6n);
    parent.kill();
    await parent.gone();
    assertEquals(await sendCopyData(child, "a"), 7n);
    assertEquals(await sendCopyData(child, ""), 8n);
  } finally {
    await parent[Symbol.asyncDispose]();
  }
});

Deno.test("inheritHandles() leaves the parent's memory intact when the child is killed", async () => {
  using memory = SharedMemory.anonymous(4096);
  using view = memory.map();
  const name = randomName();
  using scope = inheritHandles({ memory });
  const script = peerUrl("process/peers/serve_inherited_memory.ts").href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, name],
    env: scope.env,
    stdin: "null",
    stdout: "null",
  }).spawn();
  const window = await findWindow({ class: name, ...soon });
  assertEquals(await sendCopyData(window, "a"), 1n);
  child.kill("SIGKILL");
  await child.status;
  assertEquals(view.bytes[0], 1);
});

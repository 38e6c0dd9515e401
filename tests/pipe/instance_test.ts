/**
 * The instances of a listener, as Windows sees them.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { addPipeInstance, createPipe, openPipe, type PipeSettings } from "../../ffi/named_pipe.ts";
import type { Handle } from "../../ffi/handle.ts";
import { sddlFor } from "../../ffi/security.ts";
import { decodeWide } from "../../ffi/wide.ts";
import { listenPipe } from "../../src/pipe/mod.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { FileOperation } from "../../src/io/operation.ts";
import { FileWriter } from "../../src/io/writer.ts";
import { openLibrary } from "../support/open_library.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";
import { soon } from "../support/soon.ts";
import { pathOf } from "./c_peers.ts";
import { testOnWindows } from "./only_on_windows.ts";

function settingsOf(name: string): PipeSettings {
  const path = pathOf(name);
  return {
    path,
    label: `pipe "${path}"`,
    direction: "duplex",
    hasMessages: false,
    allowRemote: false,
    bufferSize: 4096,
  };
}

const sddl = sddlFor("user", { all: 0x1f_01ff, everyone: 0 });

async function untilConnected(instance: Handle): Promise<void> {
  using connect = new FileOperation(instance);
  connect.reserve(0);
  if (connect.beginConnect() !== undefined) return;
  assert(await connect.untilOver(soon), "no client came");
}

function open(pipe: PipeSettings): Disposable {
  return openPipe({ ...pipe, impersonation: "anonymous" }).handle;
}

Deno.test("The first instance holds the name, and lets no client in", () => {
  const pipe = settingsOf(randomName());
  assertThrows(() => addPipeInstance(pipe), Deno.errors.NotFound);
  {
    using _ = createPipe(pipe, sddl).first;
    for (let times = 0; times < 3; times++) assertThrows(() => open(pipe), Deno.errors.Busy);
    assertThrows(() => createPipe(pipe, sddl), Deno.errors.AlreadyExists);
    using instance = addPipeInstance(pipe);
    open(pipe)[Symbol.dispose]();
    assertThrows(() => open(pipe), Deno.errors.Busy);
    assert(instance.value > 0n);
  }
  assertThrows(() => open(pipe), Deno.errors.NotFound);
});

Deno.test("A client that connects before the wait for it is a result of its own: 535, and 232 if it has gone", () => {
  const pipe = settingsOf(randomName());
  using _first = createPipe(pipe, sddl).first;
  for (const hasGone of [false, true]) {
    using instance = addPipeInstance(pipe);
    using client = open(pipe);
    if (hasGone) client[Symbol.dispose]();
    using connect = new FileOperation(instance);
    connect.reserve(0);
    const expected = { length: 0, code: hasGone ? 232 : 535 };
    // Each further wait has the same result, so a listener must not wait again.
    for (let times = 0; times < 3; times++) assertEquals(connect.beginConnect(), expected);
  }
});

Deno.test("A client that comes while the pipe is created gets a connection", async () => {
  const count = 200;
  const name = randomName();
  await using peer = await Peer.start("pipe/peers/eager_client.ts", name, `${count}`);
  let early = 0;
  for (let number = 0; number < count; number++) {
    const pipe = settingsOf(`${name}-${number}`);
    const options = { label: pipe.label, hasMessages: false };
    using stack = new DisposableStack();
    const created = createPipe(pipe, sddl);
    stack.use(created.first);
    for (const handle of created.early) stack.use(handle);
    early += created.early.length;
    const instance = created.early[0] ?? stack.use(addPipeInstance(pipe));
    if (created.early.length === 0) await untilConnected(instance);
    const writer = stack.use(new FileWriter(instance, options));
    await writer.write(Uint8Array.of(1), soon);
    // The client closes its end as soon as it has read the byte.
    const flushing = writer.flush(soon);
    await flushing.catch((error) => assertInstanceOf(error, Deno.errors.BrokenPipe));
  }
  assertEquals(await peer.nextLine(), `${count}`);
  // On Windows, the first instance does not listen.
  assertEquals(early > 0, isWine(), `${early}`);
});

Deno.test("Named pipes need only --allow-ffi", async () => {
  assertEquals(await runPeer("pipe/peers/only_ffi.ts", [randomName()]), ["ping pong"]);
});

testOnWindows(
  "A listener is in Windows' list of pipes until it is closed",
  "Wine 10 cannot list pipes",
  () => {
    const name = randomName();
    assertEquals(listPipes().includes(name), false);
    {
      using _ = listenPipe({ name });
      assertEquals(listPipes().includes(name), true);
    }
    assertEquals(listPipes().includes(name), false);
  },
);

/** Returns the names of all pipes. */
function listPipes(): string[] {
  using kernel32 = openLibrary("kernel32.dll", {
    FindFirstFileW: { parameters: ["buffer", "buffer"], result: "usize" },
    FindNextFileW: { parameters: ["usize", "buffer"], result: "i32" },
    FindClose: { parameters: ["usize"], result: "i32" },
  });
  const { FindFirstFileW, FindNextFileW, FindClose } = kernel32.symbols;
  const pattern = Uint16Array.from("\\\\.\\pipe\\*\0", (letter) => letter.charCodeAt(0));
  // WIN32_FIND_DATAW: cFileName has 260 characters at 44.
  const data = new Uint16Array(592 / 2);
  const find = FindFirstFileW(pattern, data);
  const names: string[] = [];
  for (let more = 1; more !== 0; more = FindNextFileW(find, data)) {
    const letters = data.subarray(22, 282);
    names.push(decodeWide(letters.slice(0, letters.indexOf(0))));
  }
  FindClose(find);
  return names;
}

// Task: test:smoke
//
// The shortest proof that this module works with a processor and a Windows: one other process, which
// uses memory, a struct, a WM_COPYDATA and a ring. tools/winedeno --arm64 task test:smoke

import { assertEquals } from "@std/assert";
import { CopyDataListener, RingChannel, SharedMemory } from "../../mod.ts";
import { openLibrary } from "../support/open_library.ts";
import { randomName } from "../support/random_name.ts";
import { Sample } from "./sample.ts";

/** Time limit in milliseconds: emulated, a process takes several seconds to start. */
const PATIENCE = 120_000;
const OTHER_SIDE = new URL("peers/other_side.ts", import.meta.url).href;

/** The numbers that Windows gives processors in a SYSTEM_INFO. */
const PROCESSORS = { x86_64: 9, aarch64: 12 } as const;

Deno.test("Windows names the processor for which this Deno is made", () => {
  using kernel32 = openLibrary("kernel32.dll", {
    GetSystemInfo: { parameters: ["buffer"], result: "void" },
  });
  const info = new Uint8Array(48);
  kernel32.symbols.GetSystemInfo(info);
  const number = new DataView(info.buffer).getUint16(0, true);
  assertEquals(number, PROCESSORS[Deno.build.arch as keyof typeof PROCESSORS]);
});

Deno.test("Two processes share a struct in memory, a WM_COPYDATA and a ring in both directions", async () => {
  const name = randomName();
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, AbortSignal.timeout(PATIENCE)]);
  using memory = SharedMemory.create(name, Sample.byteLength);
  using view = memory.map();
  const sample = Sample.view(view);
  Object.assign(sample, { small: 200, large: 2n ** 40n, half: 500, fraction: 0.25 });
  await using listener = await CopyDataListener.open({ class: name, visibility: "hidden" });
  using there = RingChannel.create(`${name} there`);
  using back = RingChannel.create(`${name} back`);
  using sender = there.sender();
  const receiver = back.receiver();

  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--allow-ffi", OTHER_SIDE, name],
    stdout: "null",
    signal,
  }).spawn();
  const status = child.status.then((status) => {
    if (!status.success) failed.abort(new Error(`The other process ended with ${status.code}`));
    return status;
  });

  const message = await listener.receive({ signal });
  assertEquals([message?.id, message?.text()], [7n, "a text – ✓"]);
  assertEquals([sample.sum, sample.text], [200 + 2 ** 40 + 0.25, "seen – ✓"]);
  // Offsets as in C: each number at a multiple of its size.
  assertEquals(new DataView(view.bytes.buffer, view.bytes.byteOffset).getFloat32(20, true), 0.25);

  for (let length = 0; length < 300; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    await sender.send(bytes, { signal });
    assertEquals(await receiver.receive({ signal }), bytes.toReversed());
  }
  sender.close();
  assertEquals(await receiver.receive({ signal }), undefined);
  assertEquals((await status).code, 0);
});

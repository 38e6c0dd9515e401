import { assert, assertEquals, assertThrows } from "@std/assert";
import { readSecurity, SECURITY_INFORMATION } from "../../ffi/security.ts";
import type { Handle } from "../../ffi/handle.ts";
import { READ_CONTROL } from "../../ffi/kernel_object.ts";
import { type MappedView, SharedMemory } from "../../mod.ts";
import { openSection } from "../../src/memory/section.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";

Deno.test("openOrCreate() initialises once, whoever comes first", async () => {
  const name = randomName();
  const peers = await Promise.all(
    [1, 2, 3, 4].map(() => Peer.start("support/peers/memory_commands.ts")),
  );
  await using stack = new AsyncDisposableStack();
  for (const peer of peers) stack.use(peer);
  const answers = await Promise.all(peers.map((peer) => peer.ask(`initialize ${name} 1000000`)));
  // Everyone sees the first and the last byte written, and only one process wrote them.
  assertEquals(answers.toSorted(), ["false 1 1", "false 1 1", "false 1 1", "true 1 1"]);
});

Deno.test("openOrCreate() of several processes at once never fails, and makes each memory once", async () => {
  const name = randomName();
  await using stack = new AsyncDisposableStack();
  const peers = await Promise.all(
    [1, 2, 3].map(() => Peer.start("support/peers/memory_commands.ts")),
  );
  for (const peer of peers) stack.use(peer);
  const made = await Promise.all(peers.map((peer) => peer.ask(`race ${name} 500`)));
  assertEquals(made.reduce((sum, count) => sum + Number(count), 0), 500, made.join(" and "));
});

Deno.test("openOrCreate() lets nobody in before the memory is initialised", () => {
  const name = randomName();
  using memory = SharedMemory.openOrCreate(name, 4096, {
    initialize: (view) => {
      view.bytes[0] = 1;
      assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound, "still initialising it");
      assertThrows(() => SharedMemory.create(name, 1), Deno.errors.AlreadyExists);
      assertThrows(
        () => SharedMemory.openOrCreate(name, 1, { timeout: 20 }),
        Deno.errors.TimedOut,
        "Waited 20 ms",
      );
    },
  });
  using reader = SharedMemory.open(name);
  using view = reader.map();
  assertEquals([memory.created, view.bytes[0]], [true, 1]);
});

Deno.test("openOrCreate() starts afresh when the process that initialised was killed", async () => {
  const name = randomName();
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  assertEquals(await peer.ask(`stall ${name}`), "stalled");
  assertThrows(() => SharedMemory.openOrCreate(name, 1, { timeout: 0 }), Deno.errors.TimedOut);
  peer.kill();
  await peer.gone();
  using memory = SharedMemory.openOrCreate(name, 4096, {
    initialize: (view) => assertEquals(view.bytes[0], 0),
  });
  assert(memory.created);
});

Deno.test("openOrCreate() leaves nothing behind when initialize throws", () => {
  const name = randomName();
  for (const error of [new Error("mine"), new Deno.errors.AlreadyExists("mine")]) {
    const thrown = assertThrows(() =>
      SharedMemory.openOrCreate(name, 4096, {
        initialize: () => {
          throw error;
        },
      })
    );
    assertEquals(thrown, error);
    assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
  }
});

Deno.test("openOrCreate() refuses to initialise asynchronously", () => {
  const name = randomName();
  assertThrows(
    () => SharedMemory.openOrCreate(name, 4096, { initialize: async () => {} }),
    TypeError,
    "got a promise",
  );
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
});

Deno.test("openOrCreate() gives initialised memory the descriptor that was asked for", () => {
  const parts = SECURITY_INFORMATION.owner | SECURITY_INFORMATION.dacl;
  for (const security of ["user", "everyone", "D:P(A;;0x7;;;WD)"] as const) {
    using plain = SharedMemory.openOrCreate(randomName(), 1, { security });
    using initialized = SharedMemory.openOrCreate(randomName(), 1, {
      security,
      initialize: () => {},
    });
    const [expected, actual] = [plain, initialized].map((memory) =>
      readSecurity(memory.unsafeHandle, parts).replace(/^O:[^:]*(?=D:)/, "")
    );
    assertEquals(actual, expected, security);
  }
});

Deno.test("openOrCreate() refuses to initialise under a descriptor that names nobody", () => {
  const name = randomName();
  assertThrows(
    () => SharedMemory.openOrCreate(name, 1, { security: "O:SY", initialize: () => {} }),
    TypeError,
    'a "D:" part',
  );
});

Deno.test("openOrCreate() admits nobody to memory whose buffer initialize transferred away", () => {
  const name = randomName();
  const open = (initialize: (view: MappedView) => void) =>
    SharedMemory.openOrCreate(name, 4096, { initialize });
  using stack = new DisposableStack();
  let look: Handle | undefined;
  let elsewhere: Uint8Array | undefined;
  const transferAway = (view: MappedView) => {
    look = stack.use(openSection(`Local\\${name}`, READ_CONTROL, "memory"));
    elsewhere = new Uint8Array(view.buffer.transfer());
  };
  assertThrows(() => open(transferAway), Deno.errors.Busy, "transferred away");
  // Only whoever may look at the descriptor has opened it, and the descriptor still admits nobody.
  assertEquals(readSecurity(look!.value, SECURITY_INFORMATION.dacl), "D:P(A;;RC;;;WD)");
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
  look!.close();
  elsewhere![0] = 1;
  using memory = open((view) => view.bytes[0] = 5);
  using view = memory.map();
  assertEquals([memory.created, view.bytes[0], elsewhere![0]], [true, 5, 1]);
});

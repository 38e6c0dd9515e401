import { assert, assertEquals, assertThrows } from "@std/assert";
import { readSecurity, SECURITY_INFORMATION } from "../../ffi/security.ts";
import type { Handle } from "../../ffi/handle.ts";
import { READ_CONTROL } from "../../ffi/kernel_object.ts";
import { type MappedView, SharedMemory } from "../../mod.ts";
import { openSection } from "../../src/memory/mapping.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";

Deno.test("openOrCreate() initialises the memory once if several processes call it", async () => {
  const name = randomName();
  const peers = await Promise.all(
    [1, 2, 3, 4].map(() => Peer.start("support/peers/memory_commands.ts")),
  );
  await using stack = new AsyncDisposableStack();
  for (const peer of peers) stack.use(peer);
  const answers = await Promise.all(peers.map((peer) => peer.ask(`initialize ${name} 1000000`)));
  // Each process sees the first and the last byte written, and only one process wrote them.
  assertEquals(answers.toSorted(), ["false 1 1", "false 1 1", "false 1 1", "true 1 1"]);
});

Deno.test("openOrCreate() in several processes at once never fails, and creates each memory once", async () => {
  const name = randomName();
  await using stack = new AsyncDisposableStack();
  const peers = await Promise.all(
    [1, 2, 3].map(() => Peer.start("support/peers/memory_commands.ts")),
  );
  for (const peer of peers) stack.use(peer);
  const made = await Promise.all(peers.map((peer) => peer.ask(`race ${name} 500`)));
  assertEquals(made.reduce((sum, count) => sum + Number(count), 0), 500, made.join(" and "));
});

Deno.test("openOrCreate() lets no process open the memory before it is initialised", () => {
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

Deno.test("openOrCreate() creates new memory after the initialising process was killed", async () => {
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

Deno.test("openOrCreate() leaves no memory behind if initialize throws", () => {
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

Deno.test("openOrCreate() refuses an asynchronous initialize function, whose failure does not end the process", async () => {
  const name = randomName();
  const initialize = () => Promise.reject(new Error("failed"));
  assertThrows(
    () => SharedMemory.openOrCreate(name, 4096, { initialize }),
    TypeError,
    "got a promise",
  );
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
  // An unhandled rejection would fail the test in the next turn of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("openOrCreate() sets the requested descriptor on initialised memory", () => {
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

Deno.test("openOrCreate() refuses initialize with a descriptor without an access list", () => {
  const name = randomName();
  assertThrows(
    () => SharedMemory.openOrCreate(name, 1, { security: "O:SY", initialize: () => {} }),
    TypeError,
    'a "D:" part',
  );
});

Deno.test("openOrCreate() lets no process open memory whose buffer initialize transferred away", () => {
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
  // The section exists, but its descriptor still grants only the right to read the descriptor.
  assertEquals(readSecurity(look!.value, SECURITY_INFORMATION.dacl), "D:P(A;;RC;;;WD)");
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
  look!.close();
  elsewhere![0] = 1;
  using memory = open((view) => view.bytes[0] = 5);
  using view = memory.map();
  assertEquals([memory.created, view.bytes[0], elsewhere![0]], [true, 5, 1]);
});

// Task: test:leaks
// By itself: it counts the handles and the threads of this process, which end late on a busy machine.

import { LatestValue, RingChannel, SharedEvent, SharedMemory, struct } from "../../mod.ts";
import { countThreads } from "../support/count_threads.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { OwningWorker, soon, throws } from "./owning_worker.ts";
import { randomName } from "../support/random_name.ts";

Deno.test("Workers that own something of each kind leave no handle and no thread behind", async () => {
  const Value = struct({ number: "u32" });
  const before = countThreads();
  // No window: of each Worker that ends with an open UnsafeCallback, Deno 2.9 keeps a handle of its own.
  const kinds = ["memory", "event", "listener", "waits", "send", "reader"];
  // In five rounds, two handles of each would be seen.
  await assertLeavesNoHandle(5, async () => {
    const names = Object.fromEntries(
      [...kinds, "sender", "receiver", "child's pipes"].map((kind) => [kind, randomName()]),
    );
    using writerValue = LatestValue.openOrCreate(names.reader!, Value);
    using _writer = writerValue.writer();
    using event = SharedEvent.create(names["child's pipes"]!);
    using _forSender = RingChannel.create(names.sender!);
    using _forReceiver = RingChannel.create(names.receiver!);
    using worker = await OwningWorker.start("everything", JSON.stringify(names));
    worker.end();
    await event.wait({ timeout: 20_000 });
    // The rest goes in the same moment as the pipe.
    await soon(
      "its name is free",
      () => throws(Deno.errors.NotFound, () => SharedMemory.open(names.memory!).close()),
    );
  });
  // Deno's pool has grown to four threads for each processor; each Worker had six of its own.
  const most = before + 4 * navigator.hardwareConcurrency + 2;
  await soon(`there are at most ${most} threads`, () => countThreads() <= most);
});

// Task: test:leaks The task runs this file alone, because it counts the handles and threads of this
// process. On a busy machine threads end late.

import { LatestValue, RingChannel, SharedEvent, SharedMemory, struct } from "../../mod.ts";
import { countThreads } from "../support/count_threads.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { OwningWorker, soon, throws } from "./owning_worker.ts";
import { randomName } from "../support/random_name.ts";

Deno.test("Workers that own objects of each kind leave no handle and no thread behind", async () => {
  const Value = struct({ number: "u32" });
  const before = countThreads();
  // No window: Deno 2.9 leaks a handle for each Worker that ends with an open UnsafeCallback.
  const kinds = ["memory", "event", "listener", "waits", "send", "reader"];
  // Five rounds are enough to see two leaked handles in each round.
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
    // The other objects are closed at the same moment as the pipe.
    await soon(
      "its name is free",
      () => throws(Deno.errors.NotFound, () => SharedMemory.open(names.memory!).close()),
    );
  });
  // Deno's pool keeps up to four threads for each processor. Each Worker had six more.
  const most = before + 4 * navigator.hardwareConcurrency + 2;
  await soon(`there are at most ${most} threads`, () => countThreads() <= most);
});

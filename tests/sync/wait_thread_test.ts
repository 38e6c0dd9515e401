import { assertEquals, assertLess } from "@std/assert";
import { openThread, threadStartOf } from "../../ffi/process_thread.ts";
import { SharedEvent, waitAny } from "../../mod.ts";
import { PROGRAM } from "../../src/sync/wait_thread/worker_program.ts";
import { STATE, WaitRecord, type WaitThreadData } from "../../src/sync/wait_thread/protocol.ts";
import { Thread } from "../../src/wait/thread.ts";
import { openLibrary } from "../support/open_library.ts";
import { soon } from "../support/soon.ts";

/** Starts a Worker, and returns it with the id of its thread. */
async function startWorker(): Promise<{ worker: Worker; id: number }> {
  const code = `
    const { symbols } = Deno.dlopen("kernel32.dll", {
      GetCurrentThreadId: { parameters: [], result: "u32" },
    });
    postMessage(symbols.GetCurrentThreadId());
  `;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  const id = await new Promise<number>((resolve) => worker.onmessage = ({ data }) => resolve(data));
  return { worker, id };
}

// The Worker's handles are closed by then, and their values can belong to other objects.
Deno.test("A wait thread takes nothing for a Worker that has ended", async () => {
  using kernel32 = openLibrary("kernel32.dll", {
    WaitForSingleObject: { parameters: ["usize", "u32"], result: "u32" },
  });
  const { worker, id } = await startWorker();
  // This handle keeps the Worker's thread object alive, so that the wait thread still finds it.
  using thread = openThread(id);
  worker.terminate();
  assertEquals(kernel32.symbols.WaitForSingleObject(thread.value, 20_000), 0);

  using event = SharedEvent.anonymous({ signalled: true });
  const record = new WaitRecord();
  record.handles[record.at(0)] = event.unsafeHandle;
  record.counts[0] = 1;
  Atomics.store(record.states, 0, STATE.wanted);
  const data: WaitThreadData = {
    buffer: record.buffer,
    parent: { id, start: threadStartOf(thread) },
  };
  const ended = Promise.withResolvers<Error | undefined>();
  await Thread.start(PROGRAM, {
    path: "src/sync/wait_thread/worker_program.ts",
    data,
    onMessage: () => {},
    onEnd: ended.resolve,
  });
  assertEquals(await ended.promise, undefined);
  await event.wait({ timeout: 0 });
});

Deno.test("A wait thread that has nothing to wait for uses no processor time", async () => {
  using event = SharedEvent.anonymous({ signalled: true });
  await waitAny([event], soon);
  // Garbage collections and compilations can take some of the time.
  const before = processorTime();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assertLess(processorTime() - before, 500);
});

/** Returns the processor time that this process has used, in milliseconds. */
function processorTime(): number {
  using kernel32 = openLibrary("kernel32.dll", {
    GetProcessTimes: {
      parameters: ["usize", "buffer", "buffer", "buffer", "buffer"],
      result: "i32",
    },
  });
  const [unused, kernel, user] = [0, 1, 2].map(() => new BigUint64Array(1)) as [
    BigUint64Array<ArrayBuffer>,
    BigUint64Array<ArrayBuffer>,
    BigUint64Array<ArrayBuffer>,
  ];
  const thisProcess = 2n ** 64n - 1n;
  assertEquals(kernel32.symbols.GetProcessTimes(thisProcess, unused, unused, kernel, user), 1);
  // The times are in units of 100 nanoseconds.
  return Number(kernel[0]! + user[0]!) / 10_000;
}

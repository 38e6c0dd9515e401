/**
 * Waits for several objects at once. A semaphore counts jobs, and each worker takes one job at a
 * time. The worker stops when an event is set, or when the process that gives the jobs ends.
 *
 *     deno run --allow-ffi examples/event.ts work --name jobs
 *     deno run --allow-ffi examples/event.ts work --name jobs
 *     deno run --allow-ffi examples/event.ts give --name jobs --jobs 20 --workers 2
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ProcessWatch, SharedEvent, SharedMemory, SharedSemaphore, waitAny } from "@winipc/winipc";

/**
 * Does jobs until the event stops it or the giver ends. Returns the number of jobs and the
 * reason.
 */
export async function work(
  name: string,
  signal: AbortSignal,
): Promise<{ done: number; why: "stopped" | "the giver ended" }> {
  using memory = await SharedMemory.waitFor(name, { signal });
  using view = memory.map();
  using giver = ProcessWatch.open(new Int32Array(view.buffer)[0]!);
  using stop = SharedEvent.open(`${name}-stop`);
  using jobs = SharedSemaphore.open(`${name}-jobs`);
  using finished = SharedSemaphore.open(`${name}-finished`);
  using here = SharedSemaphore.open(`${name}-here`);
  here.release();
  for (let done = 0;; done++) {
    // Only one worker gets each job.
    const { index } = await waitAny([jobs, stop, giver], { signal });
    if (index === 1) return { done, why: "stopped" };
    if (index === 2) return { done, why: "the giver ended" };
    finished.release();
  }
}

/** Waits for the workers, gives them jobs, waits until all jobs are done, and stops the workers. */
export async function give(
  name: string,
  count: number,
  workers: number,
  signal: AbortSignal,
): Promise<void> {
  // A manual-reset event wakes all workers, not only one.
  using stop = SharedEvent.create(`${name}-stop`, { reset: "manual" });
  using jobs = SharedSemaphore.create(`${name}-jobs`);
  using finished = SharedSemaphore.create(`${name}-finished`);
  using here = SharedSemaphore.create(`${name}-here`);
  // Created last, because the workers wait for this memory. It contains the giver's process id.
  using _memory = SharedMemory.openOrCreate(name, 4, {
    initialize: (view) => new Int32Array(view.buffer)[0] = Deno.pid,
  });
  for (let i = 0; i < workers; i++) await here.wait({ signal });
  jobs.release(count);
  for (let i = 0; i < count; i++) await finished.wait({ signal });
  stop.set();
}

if (import.meta.main) {
  const { _: [role], name, jobs, workers, timeout } = parseArgs(Deno.args, {
    string: ["name", "jobs", "workers", "timeout"],
    default: { name: "winipc-jobs", jobs: "20", workers: "1", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "work") {
    console.log(`Process ${Deno.pid} waits for jobs`);
    const { done, why } = await work(name, signal);
    console.log(`Did ${done} jobs, and ended: ${why}`);
  } else if (role === "give") {
    await give(name, Number(jobs), Number(workers), signal);
    console.log(`All ${jobs} jobs are done`);
  } else {
    console.error(
      "Usage: event.ts work|give [--name NAME] [--jobs COUNT] [--workers COUNT] [--timeout MS]",
    );
    Deno.exit(2);
  }
}

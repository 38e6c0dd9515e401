/**
 * Shares memory and a channel with a Worker. The main thread sends the numbers of rows through the
 * channel. The Worker computes these rows of a Mandelbrot set, and writes them to the memory. Deno
 * needs --allow-read to start a Worker from a local file.
 *
 *     deno run --allow-ffi --allow-read examples/worker.ts --rows 24
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { RingChannel, SharedEvent, SharedMemory, type WorkerTokenFields } from "@winipc/winipc";

const WIDTH = 72;
const SHADES = " .:-=+*#%@";
const MAX_STEPS = SHADES.length - 1;

/** The first message to the Worker: three tokens, and the height of the picture. */
interface Start {
  memory: WorkerTokenFields;
  jobs: WorkerTokenFields;
  done: WorkerTokenFields;
  rows: number;
}

/** Lets a Worker draw the picture. Returns its lines. */
export async function draw(rows: number, signal: AbortSignal): Promise<string[]> {
  using memory = SharedMemory.anonymous(rows * WIDTH);
  using view = memory.map();
  using jobs = RingChannel.anonymous();
  using done = SharedEvent.anonymous();
  const worker = new Worker(import.meta.url, { type: "module" });
  try {
    const start: Start = {
      memory: memory.forWorker(),
      jobs: jobs.forWorker(),
      done: done.forWorker(),
      rows,
    };
    worker.postMessage(start);
    const sender = jobs.sender();
    for (let row = 0; row < rows; row++) await sender.sendValue(row, { signal });
    sender.close();
    await done.wait({ signal });
  } finally {
    worker.terminate();
  }
  return Array.from({ length: rows }, (_, row) => {
    const steps = view.bytes.subarray(row * WIDTH, (row + 1) * WIDTH);
    return [...steps].map((count) => SHADES[count]).join("").trimEnd();
  });
}

/** Computes the rows whose numbers come through the channel. This runs in the Worker. */
async function compute({ memory, jobs, done, rows }: Start): Promise<void> {
  using picture = SharedMemory.fromWorker(memory);
  using view = picture.map();
  using channel = RingChannel.fromWorker(jobs);
  using receiver = channel.receiver();
  for (let job; (job = await receiver.receiveValue()) !== undefined;) {
    const row = Number(job.value);
    for (let column = 0; column < WIDTH; column++) {
      const [x, y] = [column / WIDTH * 3 - 2.1, row / (rows - 1) * 2.4 - 1.2];
      view.bytes[row * WIDTH + column] = stepsAt(x, y);
    }
  }
  using event = SharedEvent.fromWorker(done);
  event.set();
}

/** Returns the number of steps after which a point leaves the circle with radius 2. */
function stepsAt(x: number, y: number): number {
  let [a, b] = [0, 0];
  for (let step = 0; step < MAX_STEPS; step++) {
    [a, b] = [a * a - b * b + x, 2 * a * b + y];
    if (a * a + b * b > 4) return step;
  }
  return MAX_STEPS;
}

if ("DedicatedWorkerGlobalScope" in globalThis) {
  addEventListener("message", (event) => {
    if (event instanceof MessageEvent) void compute(event.data);
  });
} else if (import.meta.main) {
  const { rows, help } = parseArgs(Deno.args, {
    string: ["rows"],
    boolean: ["help"],
    default: { rows: "24" },
  });
  if (help || !(Number(rows) >= 2)) {
    console.error("Usage: worker.ts [--rows COUNT]");
    Deno.exit(2);
  }
  for (const line of await draw(Number(rows), AbortSignal.timeout(30_000))) console.log(line);
}

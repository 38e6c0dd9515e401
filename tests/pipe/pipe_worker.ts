import { Worker as NodeWorker } from "node:worker_threads";
import { peerUrl } from "../support/peer_url.ts";
import { within } from "../support/within.ts";

/** The ways to end a Worker. */
export const ENDS = ["terminate", "close", "throw"] as const;

/** A Worker that uses pipes: see peers/pipe_worker.ts. */
export class PipeWorker implements Disposable {
  readonly #worker: Worker | NodeWorker;

  private constructor(worker: Worker | NodeWorker) {
    this.#worker = worker;
  }

  /** Starts a Worker, and waits until its operations are in flight. */
  static async start(
    what: string,
    name: string,
    kind: "web" | "node" = "web",
  ): Promise<PipeWorker> {
    const url = peerUrl("pipe/peers/pipe_worker.ts");
    const data = JSON.stringify([what, name]);
    const ready = Promise.withResolvers<void>();
    const worker = kind === "node"
      ? new NodeWorker(url, { workerData: data })
      : new Worker(url, { type: "module", name: data });
    if (worker instanceof Worker) {
      worker.onmessage = () => ready.resolve();
      // Otherwise an error in the Worker would end the parent too.
      worker.onerror = (event) => {
        event.preventDefault();
        ready.reject(new Error(event.message));
      };
    } else worker.on("message", () => ready.resolve());
    await within("the Worker is ready", ready.promise);
    return new PipeWorker(worker);
  }

  /** Ends the Worker. */
  end(how: typeof ENDS[number] = "terminate"): void {
    if (how === "terminate") void this.#worker.terminate();
    else this.#worker.postMessage(how);
  }

  [Symbol.dispose](): void {
    void this.#worker.terminate();
  }
}

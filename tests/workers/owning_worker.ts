import { Worker as NodeWorker } from "node:worker_threads";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { peerUrl } from "../support/peer_url.ts";

/** How a Worker ends. */
export type End = "terminate" | "close" | "throw";

/** A Worker that owns something under a name: see peers/owning_worker.ts. */
export class OwningWorker implements Disposable {
  readonly #worker: Worker | NodeWorker;
  /** Those who wait for what it says. */
  readonly #listeners = new Map<string, () => void>();

  private constructor(worker: Worker | NodeWorker) {
    this.#worker = worker;
    const hear = (word: unknown) => this.#listeners.get(String(word))?.();
    if (worker instanceof Worker) {
      worker.onmessage = ({ data }) => hear(data);
      // What it throws is not the parent's end as well.
      worker.onerror = (event) => event.preventDefault();
    } else {
      worker.on("message", hear);
    }
  }

  /** Starts one, and waits until it owns what it is told to. */
  static async start(
    what: string,
    name: string,
    kind: "web" | "node" = "web",
  ): Promise<OwningWorker> {
    const url = peerUrl("workers/peers/owning_worker.ts");
    const data = JSON.stringify([what, name]);
    const worker = new OwningWorker(
      kind === "node"
        ? new NodeWorker(url, { workerData: data })
        : new Worker(url, { type: "module", name: data }),
    );
    await worker.says("ready");
    return worker;
  }

  /** Waits until it says a word. */
  async says(word: string): Promise<void> {
    const said = Promise.withResolvers<void>();
    const timer = setTimeout(() => said.reject(new Error(`It did not say "${word}"`)), 30_000);
    this.#listeners.set(word, said.resolve);
    try {
      await said.promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(word);
    }
  }

  /** Ends it. */
  end(how: End = "terminate"): void {
    if (how === "terminate") void this.#worker.terminate();
    else this.#worker.postMessage(how);
  }

  [Symbol.dispose](): void {
    void this.#worker.terminate();
  }
}

/** What is left of a Worker is given back within a second; on Wine a thread takes half of one to start. */
const PATIENCE = isWine() ? 5000 : 1000;

/** For waits that are over when what is left of a Worker is given back. */
export const SOON = { timeout: PATIENCE } as const;

/**
 * Waits until something is so.
 *
 * @param what What it is, for the message.
 * @param look Whether it is.
 */
export async function soon(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!await look()) {
    if (performance.now() > deadline) throw new Error(`Expected within ${PATIENCE} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether something throws an error of a class. */
export function throws(error: new (...args: never[]) => Error, act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch (thrown) {
    if (thrown instanceof error) return true;
    throw thrown;
  }
}

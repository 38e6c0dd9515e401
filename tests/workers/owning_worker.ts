import { Worker as NodeWorker } from "node:worker_threads";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { peerUrl } from "../support/peer_url.ts";

/** The ways to end a Worker. */
export type End = "terminate" | "close" | "throw";

/** A Worker that owns an object with a name: see peers/owning_worker.ts. */
export class OwningWorker implements Disposable {
  readonly #worker: Worker | NodeWorker;
  /** The callbacks of {@linkcode says}, by the words that they wait for. */
  readonly #listeners = new Map<string, () => void>();

  private constructor(worker: Worker | NodeWorker) {
    this.#worker = worker;
    const hear = (word: unknown) => this.#listeners.get(String(word))?.();
    if (worker instanceof Worker) {
      worker.onmessage = ({ data }) => hear(data);
      // Otherwise an error in the Worker would end the parent too.
      worker.onerror = (event) => event.preventDefault();
    } else {
      worker.on("message", hear);
    }
  }

  /** Starts a Worker, and waits until it owns an object of the kind `what`. */
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

  /** Waits until the Worker posts a word. */
  async says(word: string): Promise<void> {
    const said = Promise.withResolvers<void>();
    // Long, because a Worker that starts a process takes half a minute on a busy machine.
    const timer = setTimeout(() => said.reject(new Error(`Worker did not post "${word}"`)), 90_000);
    this.#listeners.set(word, said.resolve);
    try {
      await said.promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(word);
    }
  }

  /** Ends the Worker. */
  end(how: End = "terminate"): void {
    if (how === "terminate") void this.#worker.terminate();
    else this.#worker.postMessage(how);
  }

  [Symbol.dispose](): void {
    void this.#worker.terminate();
  }
}

/**
 * Maximum time until the objects of an ended Worker are closed, in milliseconds. It is longer on
 * Wine, where a thread takes half a second to start.
 */
const PATIENCE = isWine() ? 5000 : 1000;

/** The timeout of waits that end when the objects of an ended Worker are closed. */
export const SOON = { timeout: PATIENCE } as const;

/**
 * Waits until a condition is true.
 *
 * @param what The condition in words, for the error message.
 * @param look Returns whether the condition is true.
 */
export async function soon(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!await look()) {
    if (performance.now() > deadline) throw new Error(`Expected within ${PATIENCE} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a function throws an error of a class. */
export function throws(error: new (...args: never[]) => Error, act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch (thrown) {
    if (thrown instanceof error) return true;
    throw thrown;
  }
}

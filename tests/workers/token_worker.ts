import { Worker as NodeWorker } from "node:worker_threads";
import { peerUrl } from "../support/peer_url.ts";
import { within } from "../support/within.ts";

/** A Worker that takes tokens: see peers/token_worker.ts. */
export class TokenWorker implements Disposable {
  readonly #worker: Worker | NodeWorker;
  #hear: (answer: unknown) => void = () => {};

  private constructor(worker: Worker | NodeWorker) {
    this.#worker = worker;
    if (worker instanceof Worker) worker.onmessage = ({ data }) => this.#hear(data);
    else worker.on("message", (data) => this.#hear(data));
  }

  static async start(kind: "web" | "node" = "web"): Promise<TokenWorker> {
    const url = peerUrl("workers/peers/token_worker.ts");
    const worker = new TokenWorker(
      kind === "node" ? new NodeWorker(url) : new Worker(url, { type: "module" }),
    );
    await worker.next();
    return worker;
  }

  /** Returns the next message of the Worker. */
  async next<T>(): Promise<T> {
    const answer = Promise.withResolvers<T>();
    this.#hear = (data) => answer.resolve(data as T);
    return await within("the Worker answers", answer.promise);
  }

  /** Lets the Worker do something, and returns its answer. */
  async ask<T>(what: string, ...args: unknown[]): Promise<T> {
    const answer = this.next<T>();
    this.#worker.postMessage([what, ...args]);
    return await answer;
  }

  /** Ends the Worker. */
  [Symbol.dispose](): void {
    void this.#worker.terminate();
  }
}

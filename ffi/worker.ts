/**
 * Workers: threads with a script of their own, which can be ended at any moment.
 *
 * @module
 */

/** Whether this is a Worker, of the web's kind or of Node's. */
export function inWorker(): boolean {
  // Node's have no WorkerGlobalScope in Deno, but this.
  return "DedicatedWorkerGlobalScope" in globalThis;
}

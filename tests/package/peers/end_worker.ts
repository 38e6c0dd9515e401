/**
 * Ends a Worker that has memory, and prints whether the memory goes. The script is its own Worker.
 *
 * @module
 */

import { SharedMemory } from "../../../mod.ts";
import { SLOWNESS } from "../../support/slowness.ts";

const name = `end_worker.${Deno.pid}`;

if (globalThis.name === "worker") {
  SharedMemory.create(name, 4096);
  postMessage("has memory");
} else {
  const worker = new Worker(import.meta.url, { type: "module", name: "worker" });
  await new Promise((resolve) => worker.onmessage = resolve);
  console.log("exists:", exists());
  worker.terminate();
  const signal = AbortSignal.timeout(20_000 * SLOWNESS);
  while (exists()) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  console.log("exists:", exists());
}

function exists(): boolean {
  try {
    SharedMemory.open(name).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

declare function postMessage(message: unknown): void;

/**
 * Shared memory: with a name, without a name, or over a file.
 *
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 *
 * using memory = SharedMemory.openOrCreate("counters", 4096);
 * using view = memory.map();
 * const counters = new Int32Array(view.buffer);
 * console.log("This memory was opened", Atomics.add(counters, 0, 1) + 1, "times");
 * ```
 *
 * @module
 */

export type { ByteSource } from "../../ffi/arguments.ts";
export type { Sddl, Security } from "../../ffi/security.ts";
export type {
  HandedOver,
  WorkerToken,
  WorkerTokenFields,
  WorkerTokenKind,
} from "../../ffi/worker_token.ts";
export type { WaitOptions } from "../wait/options.ts";
export { DuplicatedMemory, type DuplicateToOptions, type FromHandleOptions } from "./handles.ts";
export type { CreateOptions, OpenOptions, OpenOrCreateOptions } from "./creation.ts";
export type { FromFileOptions } from "./mapped_file.ts";
export { type MapOptions, MappedView, type MemoryAccess, type ViewAccess } from "./mapped_view.ts";
export { SharedMemory, type WaitForOptions } from "./shared_memory.ts";

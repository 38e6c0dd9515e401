/**
 * Shared memory: by name, without one, or over a file.
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
export type { WaitOptions } from "../wait/options.ts";
export type { FromHandleOptions } from "./adoption.ts";
export type { CreateOptions } from "./creation.ts";
export { DuplicatedMemory, type DuplicateToOptions } from "./duplication.ts";
export type { FromFileOptions } from "./mapped_file.ts";
export { type MapOptions, MappedView, type MemoryAccess, type ViewAccess } from "./mapped_view.ts";
export type { OpenOptions, OpenOrCreateOptions } from "./opening.ts";
export { SharedMemory, type WaitForOptions } from "./shared_memory.ts";

/**
 * Shares data between processes on one Windows machine.
 *
 * ```ts
 * import { SharedMemory } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * // One process creates the memory …
 * using memory = SharedMemory.create("greeting of mod", 4096);
 * using view = memory.map();
 * new TextEncoder().encodeInto("hello", view.bytes);
 *
 * // … and another process opens it by its name.
 * using same = SharedMemory.open("greeting of mod");
 * using seen = same.map();
 * assertEquals(new TextDecoder().decode(seen.bytes.slice(0, 5)), "hello");
 * ```
 *
 * The module calls the Win32 API through Deno's FFI, so scripts need `--allow-ffi`. It can be
 * imported on any system, without an effect. On systems other than Windows, the first use throws
 * `Deno.errors.NotSupported`.
 *
 * @module
 */

export * from "./src/channel/mod.ts";
export * from "./src/dll/mod.ts";
export * from "./src/memory/mod.ts";
export * from "./src/messages/mod.ts";
export * from "./src/pipe/mod.ts";
export * from "./src/process/mod.ts";
export * from "./src/struct/mod.ts";
export * from "./src/sync/mod.ts";
export { Win32Error } from "./ffi/error.ts";

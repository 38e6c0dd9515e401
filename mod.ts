/**
 * Share data between processes on one Windows machine.
 *
 * ```ts
 * import { SharedMemory } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * // One process makes the memory …
 * using memory = SharedMemory.create("greeting of mod", 4096);
 * using view = memory.map();
 * new TextEncoder().encodeInto("hello", view.bytes);
 *
 * // … and any other opens it by its name.
 * using same = SharedMemory.open("greeting of mod");
 * using seen = same.map();
 * assertEquals(new TextDecoder().decode(seen.bytes.slice(0, 5)), "hello");
 * ```
 *
 * It calls the Win32 API through Deno's FFI, so a script that uses it is run with
 * `--allow-ffi`. Importing it does nothing on any system; the first use elsewhere
 * than on Windows throws `Deno.errors.NotSupported`.
 *
 * @module
 */

export * from "./src/channel/mod.ts";
export * from "./src/dll/mod.ts";
export * from "./src/memory/mod.ts";
export * from "./src/messages/mod.ts";
export * from "./src/process/mod.ts";
export * from "./src/struct/mod.ts";
export * from "./src/sync/mod.ts";
export { Win32Error } from "./ffi/error.ts";

import { isWine } from "../../ffi/win32/ntdll.ts";

/**
 * The factor for time limits of tests. tools/winedeno --arm64 emulates the processor, so that a
 * process takes several seconds to start.
 */
export const SLOWNESS = Deno.build.arch === "aarch64" && isWine() ? 4 : 1;

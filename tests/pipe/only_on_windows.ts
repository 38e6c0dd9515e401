import { isWine } from "../../ffi/win32/ntdll.ts";

/**
 * Declares a test of a thing that only Windows can show. On Wine, the report names the reason and
 * says that the test did not run.
 *
 * @param reason The thing that Wine does not have: `Wine 10 ignores the label of a pipe`.
 */
export function testOnWindows(title: string, reason: string, fn: () => Promise<void> | void): void {
  Deno.test({ name: isWine() ? `${title} (not shown: ${reason})` : title, ignore: isWine(), fn });
}

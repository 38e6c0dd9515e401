/**
 * Programs of the Linux that Wine runs on. Under tools/winedeno they have no standard error: the
 * kernel refuses what is written to descriptor 2 (tools/winedeno.d/quiet.pl).
 *
 * @module
 */

import { openLibrary } from "./open_library.ts";

/** The name that a file of Wine's has on Linux. */
export function linuxPath(path: string): string {
  using kernel32 = openLibrary("kernel32.dll", {
    wine_get_unix_file_name: { parameters: ["buffer"], result: "pointer" },
  });
  const wide = Uint16Array.from(`${path}\0`, (unit) => unit.charCodeAt(0));
  const pointer = kernel32.symbols.wine_get_unix_file_name(wide);
  if (pointer === null) throw new Error(`Wine does not know where ${path} is`);
  return Deno.UnsafePointerView.getCString(pointer);
}

/**
 * Runs a program of Linux: Wine lets its programs start those of the Linux below, and wait for them.
 *
 * @param words The program and its arguments.
 * @returns What it wrote.
 * @throws {Error} If it fails.
 */
export async function runOnLinux(words: readonly string[]): Promise<string> {
  using ntdll = openLibrary("ntdll.dll", {
    __wine_unix_spawnvp: { parameters: ["buffer", "i32"], result: "i32" },
  });
  const output = await Deno.makeTempFile({ prefix: "winipc-" });
  try {
    const script = 'log=$1; shift; exec "$@" >"$log" 2>&1';
    const all = ["sh", "-c", script, "sh", linuxPath(output), ...words];
    const buffers = all.map((word) => new TextEncoder().encode(`${word}\0`));
    const argv = BigUint64Array.from(
      [...buffers.map((buffer) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer))), 0n],
    );
    const status = ntdll.symbols.__wine_unix_spawnvp(argv, 1);
    const said = await Deno.readTextFile(output);
    // The buffers are named here, or they might be collected before the call.
    if (status === 0 && buffers.length > 0) return said;
    const command = words.join(" ");
    throw new Error(
      `${words[0]} failed (${status}). To see why, run it on Linux: ${command}\n${said}`,
    );
  } finally {
    await Deno.remove(output);
  }
}

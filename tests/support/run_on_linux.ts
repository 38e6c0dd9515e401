/**
 * Runs programs of the Linux below Wine. Under tools/winedeno they have no standard error, because
 * the kernel refuses writes to descriptor 2 (tools/winedeno.d/quiet.pl).
 *
 * @module
 */

import { openLibrary } from "./open_library.ts";

/** Returns the Linux path of a file in Wine. */
export function linuxPath(path: string): string {
  using kernel32 = openLibrary("kernel32.dll", {
    wine_get_unix_file_name: { parameters: ["buffer"], result: "pointer" },
  });
  const wide = Uint16Array.from(`${path}\0`, (unit) => unit.charCodeAt(0));
  const pointer = kernel32.symbols.wine_get_unix_file_name(wide);
  if (pointer === null) throw new Error(`Wine has no Linux path for ${path}`);
  return Deno.UnsafePointerView.getCString(pointer);
}

/**
 * Runs a program of the Linux below Wine, and waits for its end.
 *
 * @param words The program's name and its arguments.
 * @returns The output of the program.
 * @throws {Error} If the program fails.
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
    // The use of `buffers` here keeps them from being collected before the call.
    if (status === 0 && buffers.length > 0) return said;
    const command = words.join(" ");
    throw new Error(
      `${words[0]} failed (${status}). To see why, run it on Linux: ${command}\n${said}`,
    );
  } finally {
    await Deno.remove(output);
  }
}

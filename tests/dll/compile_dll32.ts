/**
 * DLLs of 32-bit programs, which the 64-bit compiler of the Linux below Wine makes as well.
 *
 * @module
 */

import { linuxPath, runOnLinux } from "../support/run_on_linux.ts";

const GCC = "x86_64-w64-mingw32-gcc";
/** No C library and no entry point: such a DLL has data alone. */
const FLAGS = ["-m32", "-O2", "-shared", "-nostdlib", "-Wl,-m,i386pe", "-Wl,-e,0"];

/**
 * Compiles a DLL of data; it is deleted by `using`.
 *
 * @param source What it is made from.
 */
export async function compileDll32(source: string): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  const [from, path, script] = ["dll32.c", "dll32.dll", "i386pe.ld"].map((name) =>
    `${folder}\\${name}`
  ) as [string, string, string];
  try {
    await Deno.writeTextFile(from, source);
    await Deno.copyFile(new URL("./i386pe.ld", import.meta.url), script);
    // ld opens its output by name, and Wine knows the Linux name only of files that are there.
    await Deno.writeTextFile(path, "");
    const [input, output, layout] = [from, path, script].map(linuxPath);
    await runOnLinux([GCC, ...FLAGS, `-Wl,-T,${layout}`, "-o", output!, input!]);
    return { path, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

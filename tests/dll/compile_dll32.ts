/**
 * Compiles DLLs for 32-bit programs with the 64-bit compiler of the Linux below Wine.
 *
 * @module
 */

import { linuxPath, runOnLinux } from "../support/run_on_linux.ts";

const GCC = "x86_64-w64-mingw32-gcc";
/** Flags for a DLL that contains only data: no C library and no entry point. */
const FLAGS = ["-m32", "-O2", "-shared", "-nostdlib", "-Wl,-m,i386pe", "-Wl,-e,0"];

/** Compiles C source to a DLL that contains only data. `using` deletes the DLL. */
export async function compileDll32(source: string): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  const [from, path, script] = ["dll32.c", "dll32.dll", "i386pe.ld"].map((name) =>
    `${folder}\\${name}`
  ) as [string, string, string];
  try {
    await Deno.writeTextFile(from, source);
    await Deno.copyFile(new URL("./i386pe.ld", import.meta.url), script);
    // Wine knows the Linux path only of files that exist, so the output file is created first.
    await Deno.writeTextFile(path, "");
    const [input, output, layout] = [from, path, script].map(linuxPath);
    await runOnLinux([GCC, ...FLAGS, `-Wl,-T,${layout}`, "-o", output!, input!]);
    return { path, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

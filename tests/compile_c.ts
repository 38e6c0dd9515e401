/**
 * C programs for the tests and benchmarks, compiled when they are needed.
 *
 * @module
 */

import { isWine } from "./is_wine.ts";
import { openLibrary } from "./open_library.ts";

/** How each compiler is asked for an optimised program. */
const COMPILERS: Record<string, (source: string, program: string) => string[]> = {
  gcc: (source, program) => [...GCC_FLAGS, "-o", program, source, "-luser32", "-lshell32"],
  clang: (source, program) => [...GCC_FLAGS, "-o", program, source, "-luser32", "-lshell32"],
  cl: (
    source,
    program,
  ) => ["/nologo", "/O2", "/W3", `/Fe:${program}`, source, "user32.lib", "shell32.lib"],
};

const GCC_FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"];

/** The compiler of the Linux that Wine runs on. */
const MINGW = "x86_64-w64-mingw32-gcc";
/** Wine 10 hands the bytes of a message over on the receiver's stack; Windows does not. */
const ROOM_FOR_MESSAGES = `-Wl,--stack,${2 ** 28}`;

/**
 * Compiles a C program; it is deleted by `using`.
 *
 * @param source The program's file.
 * @throws {Error} If there is no compiler, or it finds fault with the program.
 */
export async function compileC(source: URL): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const path = `${folder}\\${source.pathname.split("/").at(-1)!.replace(/\.c$/, ".exe")}`;
  const file = decodeURIComponent(source.pathname.slice(1)).replaceAll("/", "\\");
  if (isWine()) await compileOnLinux(file, path, `${folder}\\errors.txt`);
  else await compileOnWindows(file, path);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

async function compileOnWindows(source: string, program: string): Promise<void> {
  for (const [compiler, args] of Object.entries(COMPILERS)) {
    try {
      const command = new Deno.Command(compiler, { args: args(source, program) });
      const { success, stdout, stderr } = await command.output();
      if (success) return;
      const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
      throw new Error(`${compiler} cannot compile ${source}:\n${said}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(
    `Cannot compile ${source}: there is none of ${Object.keys(COMPILERS).join(", ")}`,
  );
}

/** Wine lets its programs start those of the Linux below, and wait for them. */
async function compileOnLinux(source: string, program: string, errors: string): Promise<void> {
  using kernel32 = openLibrary("kernel32.dll", {
    wine_get_unix_file_name: { parameters: ["buffer"], result: "pointer" },
  });
  using ntdll = openLibrary("ntdll.dll", {
    __wine_unix_spawnvp: { parameters: ["buffer", "i32"], result: "i32" },
  });
  const encoder = new TextEncoder();
  const wide = (text: string) => Uint16Array.from(`${text}\0`, (unit) => unit.charCodeAt(0));
  const unixPath = (path: string) => {
    const pointer = kernel32.symbols.wine_get_unix_file_name(wide(path));
    if (pointer === null) throw new Error(`Wine does not know where ${path} is`);
    return Deno.UnsafePointerView.getCString(pointer);
  };
  await Deno.writeTextFile(errors, "");
  await Deno.writeTextFile(program, "");
  const [from, to, log] = [source, program, errors].map(unixPath) as [string, string, string];
  const script = 'log=$1; shift; exec "$@" 2>"$log"';
  const words = [
    "sh",
    "-c",
    script,
    "sh",
    log,
    MINGW,
    ROOM_FOR_MESSAGES,
    ...COMPILERS.gcc!(from, to),
  ];
  const buffers = words.map((word) => encoder.encode(`${word}\0`));
  const argv = BigUint64Array.from(
    [...buffers.map((buffer) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer))), 0n],
  );
  const status = ntdll.symbols.__wine_unix_spawnvp(argv, 1);
  if (status === 0 && buffers.length > 0) return;
  throw new Error(
    `${MINGW} cannot compile ${source} (${status}):\n${await Deno.readTextFile(errors)}`,
  );
}

/**
 * C and C++ programs for the tests and benchmarks, compiled when they are needed.
 *
 * @module
 */

import { isWine } from "../../ffi/win32/ntdll.ts";
import { linuxPath, runOnLinux } from "./run_on_linux.ts";

/** What to compile. */
export interface CompileOptions {
  /** Whether it becomes a DLL rather than a program. @default false */
  dll?: boolean;
  /** Libraries to link to, by their paths. @default none */
  libraries?: readonly string[];
  /** Where headers are, besides the source's folder. @default nowhere else */
  include?: string;
}

/** A file that a compiler made. */
export type Compiled = AsyncDisposable & {
  /** Where it is. */
  path: string;
};

/** How a compiler is asked for an optimised program. */
type Arguments = (source: string, output: string, options: Required<CompileOptions>) => string[];

const gcc: Arguments = (source, output, { dll, libraries, include }) => [
  ...["-O2", "-Wall", "-Wextra", "-Werror", "-I", include, ...(dll ? ["-shared"] : [])],
  ...["-o", output, source, ...libraries, "-luser32", "-lshell32"],
];

const cl: Arguments = (source, output, { dll, libraries, include }) => [
  ...["/nologo", "/O2", "/W3", `/I${include}`, ...(dll ? ["/LD"] : [])],
  ...[`/Fe:${output}`, source, ...libraries, "user32.lib", "shell32.lib"],
];

const COMPILERS: Record<string, Arguments> = { gcc, clang: gcc, cl };
/** The runtime library of C++ goes into the program. Boost stands with Linux's own headers. */
const gxx: Arguments = (...args) => [...gcc(...args), "-static", "-idirafter", "/usr/include"];
const COMPILERS_OF_CPP: Record<string, Arguments> = { "g++": gxx, "clang++": gxx, cl };

/** The compiler of the Linux that Wine runs on. */
const MINGW = "x86_64-w64-mingw32";
/** Wine 10 hands the bytes of a message over on the receiver's stack; Windows does not. */
const ROOM_FOR_MESSAGES = `-Wl,--stack,${2 ** 28}`;

/**
 * Compiles a C or C++ program or a DLL; it is deleted by `using`.
 *
 * @param source The source file.
 * @param options What to make of it.
 * @throws {Error} If there is no compiler, or it finds fault with the source.
 */
export async function compileC(source: URL, options: CompileOptions = {}): Promise<Compiled> {
  const { dll = false, libraries = [], include = "." } = options;
  const file = decodeURIComponent(source.pathname.slice(1)).replaceAll("/", "\\");
  const name = source.pathname.split("/").at(-1)!.replace(/\.c(pp)?$/, dll ? ".dll" : ".exe");
  const isCpp = source.pathname.endsWith(".cpp");
  return await makeFile(name, async (path) => {
    if (!isWine()) {
      const all = { dll, libraries, include };
      return await runFirst(
        Object.entries(isCpp ? COMPILERS_OF_CPP : COMPILERS).map((
          [compiler, args],
        ) => [compiler, ...args(file, path, all)]),
      );
    }
    // ld opens its output by name, and Wine knows the Linux name only of files that are there.
    await Deno.writeTextFile(path, "");
    const [from, to, folder] = [file, path, include].map(linuxPath) as [string, string, string];
    const all = { dll, libraries: libraries.map(linuxPath), include: folder };
    const words = isCpp ? ["g++", ...gxx(from, to, all)] : ["gcc", ...gcc(from, to, all)];
    words[0] = `${MINGW}-${words[0]}`;
    await runOnLinux([...words, ROOM_FOR_MESSAGES]);
  });
}

/**
 * Makes an import library; it is deleted by `using`.
 *
 * @param definition The text of a module-definition file.
 */
export async function importLibrary(definition: string): Promise<Compiled> {
  return await makeFile("import.lib", async (path) => {
    const source = `${path}.def`;
    await Deno.writeTextFile(source, definition);
    if (!isWine()) {
      return await runFirst([
        ["dlltool", "-d", source, "-l", path],
        ["lib", "/nologo", `/def:${source}`, `/out:${path}`],
      ]);
    }
    await Deno.writeTextFile(path, "");
    await runOnLinux([`${MINGW}-dlltool`, "-d", linuxPath(source), "-l", linuxPath(path)]);
  });
}

/** Makes a file in a folder of its own. */
async function makeFile(name: string, make: (path: string) => Promise<void>): Promise<Compiled> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    const path = `${folder}\\${name}`;
    await make(path);
    return { path, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Runs the first of some commands whose program there is. */
async function runFirst(commands: readonly (readonly string[])[]): Promise<void> {
  for (const [program, ...args] of commands) {
    try {
      const { success, stdout, stderr } = await new Deno.Command(program!, { args }).output();
      if (success) return;
      const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
      throw new Error(`${program} ${args.join(" ")} failed:\n${said}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`There is none of ${commands.map(([program]) => program).join(", ")}`);
}

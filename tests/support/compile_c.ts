/**
 * Compiles C and C++ programs for tests and benchmarks when they need them.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { removeFolder } from "./remove_folder.ts";
import { linuxPath, runOnLinux } from "./run_on_linux.ts";

/** The kind of output, and its further inputs. */
export interface CompileOptions {
  /** Whether to make a DLL instead of a program. @default false */
  dll?: boolean;
  /** The paths of libraries to link. @default none */
  libraries?: readonly string[];
  /** A folder with headers, besides the source's folder. @default none */
  include?: string;
  /** The bits of a pointer. @default 64 */
  bits?: Bits;
}

/** The bits of a pointer in a program. */
export type Bits = 32 | 64;

/** A file that a compiler made. */
export type Compiled = AsyncDisposable & {
  path: string;
};

/** Returns the arguments with which a compiler makes an optimised program. */
type Arguments = (source: string, output: string, options: Required<CompileOptions>) => string[];

const gcc: Arguments = (source, output, { dll, libraries, include }) => [
  ...["-O2", "-Wall", "-Wextra", "-Werror", "-I", include, ...(dll ? ["-shared"] : [])],
  ...["-o", output, source, ...libraries, "-luser32", "-lshell32", "-lws2_32"],
];

const cl: Arguments = (source, output, { dll, libraries, include }) => [
  ...["/nologo", "/O2", "/W3", `/I${include}`, ...(dll ? ["/LD"] : [])],
  ...[`/Fe:${output}`, source, ...libraries, "user32.lib", "shell32.lib", "ws2_32.lib"],
];

const COMPILERS: Record<string, Arguments> = { gcc, clang: gcc, cl };
/** Links the C++ runtime library statically. Boost is in the folder of Linux's own headers. */
const gxx: Arguments = (...args) => [...gcc(...args), "-static", "-idirafter", "/usr/include"];
const clxx: Arguments = (...args) => ["/EHsc", ...cl(...args)];
const COMPILERS_OF_CPP: Record<string, Arguments> = { "g++": gxx, "clang++": gxx, cl: clxx };

/** The prefixes of the compilers' names on the Linux below Wine. */
const MINGW = { 64: `${Deno.build.arch}-w64-mingw32`, 32: "i686-w64-mingw32" } as const;
/** A large stack, because Wine 10 puts the bytes of a message on the receiver's stack. */
const ROOM_FOR_MESSAGES = `-Wl,--stack,${2 ** 28}`;

/**
 * Compiles a C or C++ program or a DLL. `await using` deletes the output.
 *
 * @throws {Error} If there is no compiler, or the compiler reports an error.
 */
export async function compileC(source: URL, options: CompileOptions = {}): Promise<Compiled> {
  const { dll = false, libraries = [], include = ".", bits = 64 } = options;
  const file = decodeURIComponent(source.pathname.slice(1)).replaceAll("/", "\\");
  const name = source.pathname.split("/").at(-1)!.replace(/\.c(pp)?$/, dll ? ".dll" : ".exe");
  const isCpp = source.pathname.endsWith(".cpp");
  return await makeFile(name, async (path) => {
    if (!isWine()) {
      const all = { dll, libraries, include, bits };
      if (bits === 32) {
        const compiler = await compiler32();
        if (compiler === undefined) throw new Error("Cannot find a compiler for 32-bit programs");
        return await runFirst([[compiler, ...gcc(file, path, all), "-m32"]]);
      }
      return await runFirst(
        Object.entries(isCpp ? COMPILERS_OF_CPP : COMPILERS).map((
          [compiler, args],
        ) => [compiler, ...args(file, path, all)]),
      );
    }
    // ld needs the Linux name of its output, and Wine knows this name only for existing files.
    await Deno.writeTextFile(path, "");
    const [from, to, folder] = [file, path, include].map(linuxPath) as [string, string, string];
    const all = { dll, libraries: libraries.map(linuxPath), include: folder, bits };
    const words = isCpp ? ["g++", ...gxx(from, to, all)] : ["gcc", ...gcc(from, to, all)];
    words[0] = `${MINGW[bits]}-${words[0]}`;
    words.push(ROOM_FOR_MESSAGES);
    // Paths are left out: the folders of tests have random names.
    const paths = [from, to, folder, ...all.libraries];
    const inputs = [name, ...words.filter((word) => !paths.includes(word))];
    for (const input of [...await includedBy(file, include), ...libraries]) {
      inputs.push(new TextDecoder("latin1").decode(await Deno.readFile(input)));
    }
    await once(path, inputs, () => runOnLinux(words));
  });
}

/**
 * Returns the name of the C compiler that makes 32-bit programs, or undefined if there is none. On
 * Windows, only compilers that take `-m32` count. The prompt of `cl` decides about its output.
 */
export async function compiler32(): Promise<string | undefined> {
  return await (found32 ??= findCompiler32());
}

let found32: Promise<string | undefined> | undefined;

async function findCompiler32(): Promise<string | undefined> {
  if (isWine()) {
    const name = `${MINGW[32]}-gcc`;
    return ["bin", "local\\bin"].some((folder) => existsSync(`Z:\\usr\\${folder}\\${name}`))
      ? name
      : undefined;
  }
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await Deno.writeTextFile(`${folder}\\main.c`, "int main(void) { return 0; }\n");
    for (const name of ["gcc", "clang"]) {
      const args = ["-m32", "-o", `${folder}\\main.exe`, `${folder}\\main.c`, "-luser32"];
      try {
        if ((await new Deno.Command(name, { args }).output()).success) return name;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return undefined;
  } finally {
    await removeFolder(folder);
  }
}

/** Returns a C file and the project's headers that the file includes, also indirectly. */
async function includedBy(file: string, include: string): Promise<Set<string>> {
  const found = new Set([file]);
  // The loop also comes to the files that are added meanwhile.
  for (const file of found) {
    const folders = [file.slice(0, file.lastIndexOf("\\")), include];
    const text = await Deno.readTextFile(file);
    for (const [, name] of text.matchAll(/^\s*#\s*include\s+"(.+)"/gm)) {
      const paths = folders.map((folder) => `${folder}\\${name}`);
      const path = paths.find((path) => existsSync(path));
      if (path === undefined) throw new Error(`${file} includes "${name}", which does not exist`);
      found.add(path);
    }
  }
  return found;
}

/**
 * Makes a file, or copies the file that was made of the same inputs before. On Wine, a C program
 * takes 2 seconds of processor time.
 *
 * @param path The file to make, in a folder of its own.
 * @param inputs Everything that the file depends on.
 * @param make Makes the file.
 */
async function once(
  path: string,
  inputs: readonly string[],
  make: () => Promise<unknown>,
): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(inputs));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const kept = `${path}\\..\\..\\winipc-compiled`;
  try {
    return await Deno.copyFile(`${kept}\\${hash}`, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await make();
  await Deno.mkdir(kept, { recursive: true });
  // Other tests can look for the file at any time, and must find it whole.
  const whole = `${kept}\\${crypto.randomUUID()}`;
  await Deno.copyFile(path, whole);
  await Deno.rename(whole, `${kept}\\${hash}`);
}

/**
 * Makes an import library. `await using` deletes it.
 *
 * @param definition The text of a module-definition file.
 * @param bits The bits of the programs that link to it.
 */
export async function importLibrary(definition: string, bits: Bits = 64): Promise<Compiled> {
  return await makeFile("import.lib", async (path) => {
    const source = `${path}.def`;
    await Deno.writeTextFile(source, definition);
    if (!isWine() && bits === 32) {
      return await runFirst([
        ["llvm-dlltool", "-m", "i386", "-d", source, "-l", path],
        ["lib", "/nologo", "/machine:x86", `/def:${source}`, `/out:${path}`],
        ["dlltool", "-m", "i386", "-f", "--32", "-d", source, "-l", path],
      ]);
    }
    if (!isWine()) {
      return await runFirst([
        ["dlltool", "-d", source, "-l", path],
        ["lib", "/nologo", `/def:${source}`, `/out:${path}`],
      ]);
    }
    await Deno.writeTextFile(path, "");
    await runOnLinux([`${MINGW[bits]}-dlltool`, "-d", linuxPath(source), "-l", linuxPath(path)]);
  });
}

/** Makes a file in a new folder. */
async function makeFile(name: string, make: (path: string) => Promise<void>): Promise<Compiled> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const remove = () => removeFolder(folder);
  try {
    const path = `${folder}\\${name}`;
    await make(path);
    return { path, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Runs the first command whose program exists. */
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
  throw new Error(`Cannot find any of ${commands.map(([program]) => program).join(", ")}`);
}

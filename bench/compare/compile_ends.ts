/**
 * Compiles the ends in C, and those of Boost in C++.
 *
 * @module
 */

import { declareRingChannel } from "../../src/channel/ring/c/mod.ts";
import { compileC, type Compiled } from "../../tests/support/compile_c.ts";
import { removeFolder } from "../../tests/support/remove_folder.ts";
import { installBoost } from "./install/boost.ts";
import type { InstallOptions, NotFound, Program } from "./install/install.ts";
import { probe } from "./install/probe.ts";

const C_COMPILER = "C compiler";
const SOURCES = new URL("ends/", import.meta.url);
/** The program's name for the DLL that is beside it. */
const SECTION_DLL = "shared_section.dll";

const WRITE_COMPILER = `#include <stdio.h>
int main(void) {
#if defined(__clang__)
    printf("clang %s", __clang_version__);
#elif defined(__GNUC__)
    printf("gcc %s", __VERSION__);
#else
    printf("MSVC %d", _MSC_FULL_VER);
#endif
    return 0;
}
`;

/**
 * Compiles the ends in C.
 *
 * @returns The program, or why there is no compiler.
 * @throws {Error} If there is a compiler, and it reports an error.
 */
export async function compileEndsInC(): Promise<Program | NotFound> {
  const compiler = await probe("compiler_version.c", WRITE_COMPILER);
  if (compiler === undefined) return { missing: "no C compiler was found" };
  await using stack = new AsyncDisposableStack();
  const include = await Deno.makeTempDir({ prefix: "winipc-" });
  stack.defer(() => removeFolder(include));
  await Deno.writeTextFile(`${include}\\winipc_ring.h`, declareRingChannel());
  const dll = stack.use(await compileC(new URL("c/shared_section.c", SOURCES), { dll: true }));
  await using unfinished = new AsyncDisposableStack();
  const program = unfinished.use(await compileC(new URL("c/main.c", SOURCES), { include }));
  await Deno.copyFile(dll.path, program.path.replace(/[^\\]+$/, SECTION_DLL));
  unfinished.move();
  return endsOf(program, { [C_COMPILER]: compiler });
}

/**
 * Compiles the ends of Boost.
 *
 * @returns The program, or why there is no Boost.
 * @throws {Error} If there is Boost, and the compiler reports an error.
 */
export async function compileEndsOfBoost(
  options: InstallOptions,
): Promise<Program | NotFound> {
  const boost = await installBoost(options);
  if ("missing" in boost) return boost;
  return endsOf(await compileC(new URL("boost.cpp", SOURCES)), { Boost: boost.version });
}

function endsOf(program: Compiled, versions: Readonly<Record<string, string>>): Program {
  return {
    versions,
    command: [program.path],
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
